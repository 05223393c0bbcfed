"""A loopback server that speaks Gemini's ``generateContent``, well behaved unless told otherwise.

It reads the paper out of the prompt and answers with claims that are grounded in its abstract, in English or
Chinese, so that any summariser built on the API can be run against it for real.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from newsletter.core.arxiv.sentences import sentences
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.rules.injections import is_planted
from newsletter.core.summaries.rules.quantities import names, quantities

Json = dict[str, Any]

_PATH = re.compile(r"/v1beta/models/(?P<model>[^/:?]+):generateContent(?:\?.*)?")
_PAPER = re.compile(
    r"BEGIN PAPER (?P<nonce>\w+)\nTitle: (?P<title>.*?)\n\nAbstract:\n(?P<abstract>.*?)"
    r"(?P<sections>\n\nSection: .*)?\nEND PAPER (?P=nonce)",
    re.DOTALL,
)
_CHINESE = (
    "论文提出了一种新的做法",
    "作者说明了它的工作方式",
    "作者描述了实验的设置",
    "结果支持作者的看法",
    "作者比较了不同的选择",
    "作者讨论了适用的范围",
)


class Fault(StrEnum):
    """How an answer may go wrong."""

    RATE_LIMITED = "429 with RetryInfo"
    SERVER_ERROR = "500"
    BAD_KEY = "400 API_KEY_INVALID"
    BAD_REQUEST = "400 INVALID_ARGUMENT"
    UNKNOWN_MODEL = "404"
    HANG = "no answer at all"
    HTML = "200 with a web page"
    INVALID_JSON = "text that is not JSON"
    TRUNCATED = "half an answer, MAX_TOKENS"
    SAFETY = "finish reason SAFETY"
    RECITATION = "finish reason RECITATION"
    BLOCKED_PROMPT = "prompt blocked as PROHIBITED_CONTENT"
    NO_CANDIDATES = "no candidates"
    NO_TEXT = "STOP without text"
    INVENTED_QUOTE = "headline with a quote that is not in the abstract"
    INVENTED_NUMBER = "headline with a number that is not in its quote"
    INVENTED_TAKEAWAY = "good headline, first takeaway with an invented number"
    LINK = "headline with a link"
    NO_USAGE = "a good answer that does not say what it took"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    model: str
    api_key: str
    body: Json

    @property
    def instruction(self) -> str:
        return _text(self.body.get("systemInstruction") or {})

    @property
    def content(self) -> str:
        return _text(self.body["contents"][0])

    @property
    def max_output_tokens(self) -> int:
        return int(self.body["generationConfig"]["maxOutputTokens"])

    @property
    def schema(self) -> Json:
        schema: Json = self.body["generationConfig"]["responseSchema"]
        return schema


class GeminiServer:
    """``with GeminiServer() as server:`` — point a summariser at ``server.url``."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.retry_delay = 0.0
        """Seconds named in the RetryInfo of a 429."""
        self._script: list[Fault | None] = []
        self._always: Fault | None = None
        self.says: Callable[[Asked], Fault | str | None] | None = None
        """Decides on each answer where nothing is scripted: a fault, or the whole text as it is."""
        self.bills_in_full = False
        """Whether each answer is said to have cost the most that it could: a token a byte, all the room."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def calls(self) -> int:
        return len(self.requests)

    def answer_next(self, *faults: Fault | None) -> None:
        """Script the next answers in order; None is a good one. Afterwards answers are good again."""
        with self._lock:
            self._script.extend(faults)

    def answer_always(self, fault: Fault | None) -> None:
        """Answer like this whenever nothing is scripted."""
        self._always = fault

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port; again is harmless."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def receive(self, asked: Asked) -> Fault | str | None:
        """Record a request and say how to answer it."""
        with self._lock:
            self.requests.append(asked)
            if self._script:
                return self._script.pop(0)
        return self.says(asked) if self.says else self._always

    def hang(self) -> None:
        self._closing.wait(30)


def _handler_for(server: GeminiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = _PATH.fullmatch(self.path)
            if path is None:
                self._send(404, {"error": {"code": 404, "message": f"no such method: {self.path}"}})
                return
            asked = Asked(path["model"], self.headers.get("x-goog-api-key", ""), body)
            fault = server.receive(asked)
            if fault is Fault.HANG:
                server.hang()
                self.close_connection = True
            elif fault is Fault.HTML:
                self._send_bytes(200, b"<html>Sign in to the network</html>", "text/html")
            else:
                status, answer = _answer(asked, fault, retry_delay=server.retry_delay)
                if server.bills_in_full and "usageMetadata" in answer:
                    answer["usageMetadata"] = _whole_bill(asked)
                self._send(status, answer)

        def _send(self, status: int, answer: Json) -> None:
            self._send_bytes(status, json.dumps(answer, ensure_ascii=False).encode(), "application/json")

        def _send_bytes(self, status: int, payload: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=UTF-8")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Keep test output clean."""

    return Handler


def _whole_bill(asked: Asked) -> Json:
    prompt = len(asked.instruction.encode()) + len(asked.content.encode())
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": asked.max_output_tokens,
        "totalTokenCount": prompt + asked.max_output_tokens,
    }


def _answer(asked: Asked, fault: Fault | str | None, *, retry_delay: float) -> tuple[int, Json]:
    """The HTTP status and body for one request."""
    retry_info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_delay:g}s"}
    bad_key = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    refusals: dict[Fault, tuple[int, Json]] = {
        Fault.RATE_LIMITED: _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", retry_info),
        Fault.SERVER_ERROR: _error(500, "INTERNAL", "An internal error has occurred."),
        Fault.BAD_KEY: _error(400, "INVALID_ARGUMENT", "API key not valid.", bad_key),
        Fault.BAD_REQUEST: _error(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        Fault.UNKNOWN_MODEL: _error(404, "NOT_FOUND", "models/x is not found."),
    }
    if isinstance(fault, Fault) and fault in refusals:
        return refusals[fault]
    if fault is Fault.NO_CANDIDATES:
        return 200, _envelope(asked, candidates=[])
    if fault is Fault.BLOCKED_PROMPT:
        return 200, {
            **_envelope(asked, candidates=[]),
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        }
    envelope = _envelope(asked, candidates=[_candidate(asked, fault)])
    if fault is Fault.NO_USAGE:
        del envelope["usageMetadata"]
    return 200, envelope


def _error(status: int, name: str, message: str, *details: Json) -> tuple[int, Json]:
    return status, {"error": {"code": status, "message": message, "status": name, "details": list(details)}}


def _envelope(asked: Asked, *, candidates: list[Json]) -> Json:
    """Usage as the service counts it: a token is about four characters; thinking is in the total only."""
    prompt = (len(asked.instruction) + len(asked.content)) // 4
    written = len(json.dumps(candidates, ensure_ascii=False)) // 4
    usage = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": written,
        "totalTokenCount": prompt + written + 10,
    }
    return {"candidates": candidates, "usageMetadata": usage, "modelVersion": asked.model}


def _candidate(asked: Asked, fault: Fault | str | None) -> Json:
    if isinstance(fault, str) and not isinstance(fault, Fault):
        return _spoken(fault)
    if fault in (Fault.SAFETY, Fault.RECITATION):
        return {"index": 0, "finishReason": fault.name}
    if fault is Fault.NO_TEXT:
        return {"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": []}}
    text = "Sure! Here is the summary:" if fault is Fault.INVALID_JSON else _summary(asked, fault)
    is_cut = fault is Fault.TRUNCATED
    return _spoken(text[: len(text) // 2], finish="MAX_TOKENS") if is_cut else _spoken(text)


def _spoken(text: str, *, finish: str = "STOP") -> Json:
    return {"index": 0, "finishReason": finish, "content": {"role": "model", "parts": [{"text": text}]}}


def _summary(asked: Asked, fault: Fault | None) -> str:
    paper = _PAPER.fullmatch(asked.content)
    if paper is None:
        raise ValueError(f"no paper between markers: {asked.content[:80]!r}")
    told = [sentence for sentence in sentences(paper["abstract"]) if not is_planted(sentence)]
    chosen = told[1:5] or told
    is_chinese = "Chinese" in asked.instruction
    claims = [
        _claim(sentence, text=_in_chinese(sentence, index) if is_chinese else _in_english(sentence))
        for index, sentence in enumerate(chosen)
    ]
    _spoil(claims, fault)
    answer: Json = {"headline": claims[0]}
    if "takeaways" in asked.schema["properties"]:
        answer["takeaways"] = claims[1:]
    if "sections" in asked.schema["properties"]:
        answer["kind"] = PaperKind.METHOD
        answer["sections"] = [
            {"kind": spec.kind, "claims": [claims[index % len(claims)]]}
            for index, spec in enumerate(SECTIONS[PaperKind.METHOD])
        ]
    return json.dumps(answer, ensure_ascii=False)


def _claim(sentence: str, *, text: str) -> Json:
    return {"text": text, "quotes": [sentence]}


def _in_english(sentence: str) -> str:
    about_them = re.sub(r"\bour\b", "their", re.sub(r"\bwe\b", "the authors", sentence))
    return re.sub(r"^We\b", "The authors", re.sub(r"^Our\b", "Their", about_them))


def _in_chinese(sentence: str, index: int) -> str:
    """A plain sentence that keeps the first names and numbers of ``sentence`` as printed."""
    named = [name for name, _ in names(sentence)][:2]
    counted = [sentence[slice(*quantity.span)] for quantity in quantities(sentence)][:2]
    about = f"，涉及 {'、'.join(named)}" if named else ""
    figures = f"，给出的数字有 {'、'.join(counted)}" if counted else ""
    return f"{_CHINESE[index]}{about}{figures}。"


def _spoil(claims: list[Json], fault: Fault | None) -> None:
    if fault is Fault.INVENTED_QUOTE:
        claims[0]["quotes"] = ["Our method was praised by every reviewer of the conference."]
    elif fault is Fault.INVENTED_NUMBER:
        claims[0]["text"] = claims[0]["text"].rstrip(".。") + " (98765.4)."
    elif fault is Fault.INVENTED_TAKEAWAY:
        claims[1]["text"] = claims[1]["text"].rstrip(".。") + " (98765.4)."
    elif fault is Fault.LINK:
        claims[0]["text"] += " See https://example.org/paper."


def _text(content: Json) -> str:
    return "".join(part.get("text", "") for part in content.get("parts", []))
