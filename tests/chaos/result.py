"""What a run has to say for itself: its seed, its history, its figures."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.chaos.verdict import Verdict

HEAD = (
    "| seed | form | digests | kills | troubles | left | accepted | lost | twice | ambiguous (at most) "
    "| after leaving | seconds |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(slots=True)
class Result:
    seed: int
    form: str
    digests: int
    kills: int
    troubles: int
    left: int
    most_ambiguous: int
    seconds: float
    verdict: Verdict
    history: list[str] = field(default_factory=list)
    logs: str = ""
    """What the processes wrote, for a run that failed."""

    def line(self) -> str:
        found = self.verdict
        ambiguous = f"{found.ambiguous} ({self.most_ambiguous})"
        cells = (
            *(self.seed, self.form, self.digests, self.kills, self.troubles, self.left),
            *(found.states.get("ACCEPTED", 0), found.lost, found.duplicates, ambiguous),
            *(found.after_leaving, f"{self.seconds:.0f}"),
        )
        return "| " + " | ".join(str(cell) for cell in cells) + " |"

    def story(self) -> str:
        faults = self.verdict.faults
        shown = [f"FAULT: {fault}" for fault in faults[:40]]
        if len(faults) > len(shown):
            shown.append(f"and {len(faults) - len(shown)} more faults")
        head = f"seed {self.seed}, {self.form}: {self.verdict.states}"
        return "\n".join([*self.history, head, *shown, *([self.logs] if faults else [])])
