"""What a page says, read out of an executed notebook: question, answer, sections, data.

A notebook is written for the one who runs it and a page for the one who decides. The page takes the
first heading as the question and the first paragraph as its reader; what stands between them and
the first section (what one will do and learn) is for the notebook alone, as are exercises ("Your
turn") and cells tagged ``remove_cell``. The answer, which a notebook computes last, comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omninb.errors import OmninbError
from omninb.reports import prose
from omninb.reports.figure_wall import safe_figure
from omninb.views import HEADLINE_MIME, LEDGER_MIME, TABLE_MIME, VERDICT_MIME

PLOTLY_MIME = "application/vnd.plotly.v1+json"
_ANSWERS = ("the answer", "the verdict", "answer", "verdict")
_NOT_ON_A_PAGE = ("your turn", "what you will")
_HIDDEN_TAGS = {"remove_cell", "remove-cell", "exercise", "solution", "check"}
SHOWN_MIMES = {PLOTLY_MIME, TABLE_MIME, VERDICT_MIME, HEADLINE_MIME, LEDGER_MIME, "image/png"}

Block = dict[str, Any]


@dataclass
class Section:
    """A heading and what stands under it, in the notebook's order."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    about_data: bool = False
    parameters: bool = False
    slug: str = ""

    def has(self, *kinds: str) -> bool:
        """Whether a block of one of these kinds stands here."""
        return any(block["kind"] in kinds for block in self.blocks)


@dataclass
class Story:
    """Everything that a page shows, in the order in which it shows it."""

    question: str = ""
    reader: str = ""
    sections: list[Section] = field(default_factory=list)
    data: list[Section] = field(default_factory=list)
    ledger: dict[str, Any] | None = None
    headlines: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The verdicts, the answer's first."""
        return [b["verdict"] for s in self.sections for b in s.blocks if b["kind"] == "verdict"]

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The tables, in the order in which the page shows them."""
        found = [s.blocks for s in (*self.sections, *self.data)]
        return [b["table"] for blocks in found for b in blocks if b["kind"] == "table"]


def read_story(notebook: Any) -> Story:
    """Read an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; plotly figures as their MIME JSON.

    Returns
    -------
    Story

    Raises
    ------
    OmninbError
        If a cell failed (its traceback may hold ids and paths), or a figure cannot be drawn.
    """
    story = Story()
    current = Section("")
    found = [current]
    skip_to = 0  # while above 0: inside an exercise, until a heading of this level or higher
    figures = 0
    for number, cell in enumerate(notebook.cells, 1):
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown" and not tags & _HIDDEN_TAGS:
            for level, title, tokens in _parts(cell.source):
                if skip_to and level and level <= skip_to:
                    skip_to = 0
                if level and title.lower().startswith(_NOT_ON_A_PAGE):
                    skip_to = skip_to or level
                if skip_to:
                    continue
                if level == 1 and not story.question:
                    story.question = title
                elif level in (1, 2):
                    current = Section(title)
                    found.append(current)
                if current is found[0]:
                    story.reader = story.reader or _first_paragraph(tokens)
                else:
                    current.blocks += _prose_blocks(tokens)
        elif cell.cell_type == "code" and not skip_to and not tags & _HIDDEN_TAGS:
            current.parameters |= bool(tags & {"parameters", "injected-parameters"})
            for block in _output_blocks(cell, number):
                if block["kind"] == "figure":
                    figures += 1
                    block["id"] = f"f{figures}"
                _take(story, current, block)
    _arrange(story, found)
    return story


def _parts(source: str) -> Iterator[tuple[int, str, list[prose.Token]]]:
    """A Markdown cell cut before each of its headings of level 1 and 2."""
    level, title = 0, ""
    tokens: list[prose.Token] = []
    for token in prose.blocks(source):
        deep = prose.heading_level(token)
        if deep and (deep < 3 or prose.text(token).lower().startswith(_NOT_ON_A_PAGE)):
            if tokens or level:
                yield level, title, tokens
            level, title, tokens = deep, prose.text(token).strip(), []
        else:
            tokens.append(token)
    if tokens or level:
        yield level, title, tokens


def _first_paragraph(tokens: list[prose.Token]) -> str:
    for token in tokens:
        if token["type"] == "paragraph":
            return prose.html([token]).removeprefix("<p>").removesuffix("</p>\n")
    return ""


def _prose_blocks(tokens: list[prose.Token]) -> list[Block]:
    """Prose, with "What to look for" and the list that follows it set apart."""
    blocks: list[Block] = []
    run: list[prose.Token] = []
    kind = "prose"
    for token in tokens:
        if prose.begins_look(token) or (prose.heading_level(token) and kind == "look"):
            blocks += [{"kind": kind, "html": prose.html(run)}] if run else []
            kind, run = ("look" if prose.begins_look(token) else "prose"), []
        run.append(token)
    return blocks + ([{"kind": kind, "html": prose.html(run)}] if run else [])


def _output_blocks(cell: Any, number: int) -> Iterator[Block]:
    """The outputs that a page may show: figures, omninb's own views and PNG pictures."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            raise OmninbError(f"cell {number} failed: a page is made of a run without errors.")
        data = output.get("data", {})
        if PLOTLY_MIME in data:
            figure = safe_figure(data[PLOTLY_MIME])
            meta = figure["layout"].get("meta")
            meta = meta if isinstance(meta, dict) else {}
            alt = str(meta.get("alt") or _title(figure) or "A figure")
            caption = str(meta.get("caption") or "")
            width = figure["layout"].get("width")
            yield {
                "kind": "figure", "figure": figure, "alt": alt, "caption": caption,
                "wide": bool(width and width > 900),
            }  # fmt: skip
        elif TABLE_MIME in data:
            yield {"kind": "table", "table": data[TABLE_MIME]}
        elif VERDICT_MIME in data:
            yield {"kind": "verdict", "verdict": data[VERDICT_MIME]}
        elif HEADLINE_MIME in data:
            yield {"kind": "headlines", "headlines": data[HEADLINE_MIME]}
        elif LEDGER_MIME in data:
            yield {"kind": "ledger", "ledger": data[LEDGER_MIME]}
        elif "image/png" in data:
            yield {"kind": "image", "png": "".join(data["image/png"].split())}


def _title(figure: dict[str, Any]) -> str:
    title = figure["layout"].get("title")
    return str(title.get("text") or "") if isinstance(title, dict) else str(title or "")


def _take(story: Story, section: Section, block: Block) -> None:
    if block["kind"] == "ledger":
        story.ledger = story.ledger or block["ledger"]
        section.about_data = True
    elif block["kind"] == "headlines":
        story.headlines += block["headlines"]
    else:
        section.blocks.append(block)
        if block["kind"] == "table":
            story.facts = story.facts or block["table"].get("facts", {})


def _arrange(story: Story, found: list[Section]) -> None:
    """The answer first; sections about the data into their fold; empty ones left out."""
    found[0].title = "Overview"
    _arrange_sections(story, found)
    taken: set[str] = set()
    for section in story.sections:
        slug = base = prose.slug(section.title)
        while slug in taken:
            slug = f"{base}-{len(taken)}"
        section.slug = slug
        taken.add(slug)


def _arrange_sections(story: Story, found: list[Section]) -> None:
    for section in found:
        if section.parameters and not section.has("figure", "table", "verdict", "image"):
            continue
        if section.about_data and not section.has("figure", "verdict"):
            story.data.append(section)
        elif section.blocks:
            story.sections.append(section)
    answer = next((s for s in story.sections if s.title.lower().startswith(_ANSWERS)), None)
    if answer is None:
        holder = next((s for s in reversed(story.sections) if s.has("verdict")), None)
        if holder is None:
            return
        last = max(i for i, b in enumerate(holder.blocks) if b["kind"] == "verdict")
        answer = Section("The answer", [holder.blocks.pop(last)])
    else:
        story.sections.remove(answer)
    answer.title = "The answer"
    answer.blocks.sort(key=lambda block: block["kind"] != "verdict")
    story.sections = [answer, *(s for s in story.sections if s.blocks)]
