"""Recent papers of four fields, in the words of such papers, for what looks for a field."""

from __future__ import annotations

from newsletter.core.arxiv.papers import PaperRecord
from tests.fakes.papers import paper_record

AVATARS = (
    (
        "Head avatars from one photo",
        "We build a head avatar with Gaussian splatting from one photo of a face.",
    ),
    (
        "Relightable avatars",
        "A relightable avatar of a person under any illumination, by Gaussian splatting.",
    ),
    ("Avatars that speak", "An avatar whose lips follow the speech of a person, without any template mesh."),
    ("Drivable avatars in seconds", "Gaussian splatting makes a drivable avatar of a face within seconds."),
    ("Hair for avatars", "Strands of hair are grown on an avatar and move with the wind."),
    ("Avatars for dubbing", "We dub a film: an avatar speaks the words of another language."),
)
SPLATTING = tuple(
    (f"Gaussian splatting of {place}", f"Gaussian splatting renders novel views of {place} from {source}.")
    for place, source in (
        ("streets", "a moving car"),
        ("forests", "aerial images"),
        ("rooms", "a phone"),
        ("caves", "a lantern and a camera"),
        ("bridges", "a drone"),
        ("harbours", "ships"),
        ("gardens", "an unordered album"),
        ("stadiums", "many cameras"),
    )
)
SEGMENTATION = tuple(
    (f"Segmentation of the {organ}", f"A network segments the {organ} in {scan} with few labels.")
    for organ, scan in (
        ("liver", "computed tomography"),
        ("heart", "magnetic resonance"),
        ("kidney", "ultrasound"),
        ("brain", "magnetic resonance"),
        ("lung", "computed tomography"),
        ("retina", "fundus images"),
        ("spine", "radiographs"),
        ("skin", "dermoscopy"),
    )
)
TRANSLATION = tuple(
    (f"Machine translation of {language}", f"Parallel corpora of {language} train a translation model.")
    for language in ("Quechua", "Basque", "Yoruba", "Sorbian", "Tibetan", "Faroese", "Hausa", "Maltese")
)


def field_papers() -> list[PaperRecord]:
    """Return avatars (from number 1), splatting (101), segmentation (201) and translation (301)."""
    groups = (
        (1, AVATARS, "cs.CV"),
        (101, SPLATTING, "cs.CV"),
        (201, SEGMENTATION, "cs.CV"),
        (301, TRANSLATION, "cs.CL"),
    )
    return [
        paper_record(first + place, title=title, abstract=abstract, categories=(category,))
        for first, texts, category in groups
        for place, (title, abstract) in enumerate(texts)
    ]


def field_ids(first: int, count: int) -> list[str]:
    return [paper_record(first + place).arxiv_id for place in range(count)]
