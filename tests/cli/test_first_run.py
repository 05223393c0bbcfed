"""From nothing to real mail: the README's commands, each a process, on a fresh folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from tests.fakes.arxiv_server import ArxivServer, entry
from tests.fakes.processes import processes
from tests.fakes.smtp_server import SmtpServer

READERS = ("ada@example.net", "bo@example.net", "cy@example.net")


def test_three_readers_have_a_real_mail_after_four_commands(tmp_path: Path) -> None:
    day = datetime.now(UTC) - timedelta(days=1)
    with (
        ArxivServer() as arxiv,
        SmtpServer(login=("ada", "secret")) as server,
        processes(tmp_path) as started,
    ):
        arxiv.entries.append(entry(title="Talking Head Generation That Lasts", submitted=day))
        answers, readers = tmp_path / "answers.toml", tmp_path / "readers.csv"
        answers.write_text(
            f'sender = "Digest <digest@lab.example.net>"\npostal_address = "1 Main Street"\nmailer = "smtp"\n'
            f'smtp_url = "{server.url}"\ntopics = ["talking-head-generation"]\n'
            f'NEWSLETTER_ARXIV_API_URL = "{arxiv.url}"\nNEWSLETTER_ARXIV_INTERVAL = 0.01\n'
            'NEWSLETTER_ARXIV_HTML_URL = "http://127.0.0.1:1/html"\nNEWSLETTER_ARXIV_OAI_URL = "http://127.0.0.1:1/oai"\n'
        )
        rows = [f"{reader},talking-head-generation,asked in the lab" for reader in READERS]
        readers.write_text("\n".join(["email,topics,consent_source", *rows]))
        env_file = tmp_path / ".env"
        env_file.touch()
        for words in (
            ["init", "--answers", str(answers)],
            ["subscriber", "import", str(readers)],
            ["subscriber", "send-now", "--all"],
            ["run", "--json"],
        ):
            done = started.run(["newsletter", *words], environment={"NEWSLETTER_ENV_FILE": str(env_file)})
            assert done.returncode == 0, done.stdout + done.stderr
        mails = [message_from_bytes(each.content, policy=policy.default) for each in server.messages]
    assert json.loads(done.stdout)["deliveries"] == {"ACCEPTED": 3}
    assert sorted(str(mail["To"]) for mail in mails) == sorted(READERS)
    for mail in mails:
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Talking Head Generation That Lasts" in body.get_content()
