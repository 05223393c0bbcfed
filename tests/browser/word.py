"""A mail as Outlook's Word engine lays it out, as far as a browser can show it.

Word reads the conditional comments and one style block, and ignores media queries, ``display`` and widths on
links and spans, and ``max-width``. A line of an exact height crops whatever is taller, an image too. What is
laid out here without overlap or crop need not be right in Word, but what is wrong here is wrong there.
"""

from __future__ import annotations

import re

_CONDITIONAL = re.compile(r"<!--\[if (?:mso|mso \| IE|gte mso \d+)\]>(.*?)<!\[endif\]-->", re.DOTALL)
_NOT_FOR_WORD = re.compile(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_IGNORED = re.compile(r"(?:(?<=[;\"])|^)\s*(?:max-width|max-height|text-wrap|object-fit)\s*:[^;\"]*;?")
_LINK = re.compile(r"<(?:a|span)\b[^>]*>")
_DISPLAY = re.compile(r"display:[^;\"]*;?")
_EXACT = re.compile(r"([a-z0-9,]+)\{mso-line-height-rule:exactly\}")
CROP = """
() => document.querySelectorAll('EXACT').forEach(element => {
  if (element.getAttribute('style')?.includes('at-least')) return
  const height = getComputedStyle(element).lineHeight
  element.querySelectorAll('img').forEach(image => {
    const line = document.createElement('span')
    line.style.cssText = `display:block;overflow:hidden;height:${height};line-height:${height}`
    image.replaceWith(line)
    line.append(image)
  })
})
"""


def as_word_shows_it(html: str) -> tuple[str, str]:
    """Return the mail without what Word ignores, and a script that crops images on lines of fixed height."""
    html = _CONDITIONAL.sub(lambda found: found[1], _NOT_FOR_WORD.sub("", html))
    exact = ",".join(_EXACT.findall(html)) or "none"
    html = _STYLE.sub(lambda found: "" if "@" in found[1] else found[0], html)
    html = _LINK.sub(lambda found: _DISPLAY.sub("", found[0]), _IGNORED.sub("", html))
    return html, CROP.replace("EXACT", exact)
