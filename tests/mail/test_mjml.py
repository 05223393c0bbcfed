"""The MJML compiler reports nothing by itself; these hold that what it loses is found."""

from __future__ import annotations

import pytest

from newsletter.errors import ConfigurationError
from newsletter.mail.templates import compile_mjml

SHELL = (
    '<mjml lang="{lang}"><mj-head><mj-title>{title}</mj-title>'
    '<mj-attributes><mj-all font-family="{family}" /></mj-attributes></mj-head>'
    "<mj-body><mj-section><mj-column>{rows}</mj-column></mj-section>{between}</mj-body></mjml>"
)


def template(rows: str = "<mj-text>Hello</mj-text>", **parts: str) -> str:
    given = {"lang": "en", "title": "A mail", "family": "Arial, sans-serif", "between": "", **parts}
    return SHELL.format(rows=rows, **given)


def test_it_keeps_jinja_tags_as_they_are() -> None:
    html = compile_mjml(
        template("<mj-raw>{% for card in cards %}</mj-raw><mj-text>{{ card }}</mj-text><mj-raw>{% endfor %}")
    )
    assert html.index("{% for card in cards %}") < html.index("{{ card }}") < html.index("{% endfor %}")
    assert "<mj-" not in html


def test_it_keeps_jinja_in_lang_and_title() -> None:
    html = compile_mjml(template(lang="{{ lang }}", title="{{ title }}"))
    assert '<html lang="{{ lang }}"' in html
    assert "{{ title }}" in html


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (template("<mj-texxt>Hello</mj-texxt>"), "mj-texxt"),
        (template(between="{% if lamp %}"), "{% if lamp %} was lost"),
        (template("<mj-text>{% if a > 1 %}x{% endif %}</mj-text>"), "{% if a > 1 %} was lost"),
        (template("<mj-text><b {{ lang }}>x</b></mj-text>"), "{{ lang }} was lost"),
        (template(family="Roboto, sans-serif"), "another host"),
        (template('<mj-image src="https://example.org/a.png" />'), "another host"),
        (template().replace(' lang="en"', ""), "no lang"),
        (template(title=""), "no <mj-title>"),
        ("<mjml><mj-head></mj-head></mjml>", "no <mjml> with an <mj-body>"),
        ("nothing", "no <mjml> with an <mj-body>"),
    ],
)
def test_it_names_the_template_and_the_problem(source: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        compile_mjml(source, name="digest.mjml")
    assert "digest.mjml" in str(error.value)
    assert problem in str(error.value)


def test_it_compiles_the_same_source_once() -> None:
    assert compile_mjml(template("<mj-text>once</mj-text>")) is compile_mjml(
        template("<mj-text>once</mj-text>")
    )
