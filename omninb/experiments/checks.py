"""Checks that can stop an experiment: a split as planned, and rows that belong to one arm.

Each test gives one p-value; segments, days, metrics and arms within a check are one family (Holm
1979). A p-value below .01 warns, below .001 stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from omninb.adjusting import adjusted, smallest
from omninb.errors import OmninbError, nearest
from omninb.experiments.participants import Design, Participants
from omninb.wording import number_words

WARN, STOP = 0.01, 0.001
NAN = float("nan")
NOT_CHECKED = "not checked"
_MOST_CROSSED = 0.01
_EXACT_BELOW = 1_000


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes
    ----------
    check : str
        Its name.
    scope : str
        ``"experiment"``, or the metric that it is about.
    outcome : str
        ``ok``, ``note``, ``warn``, ``stop`` or ``not checked``.
    p_value : float
        NaN where the check is no test; of a check of several metrics after Holm.
    value : float
        What is judged; the p-value of a test.
    threshold : str
        What warns and what stops.
    sentence : str
        What was found.
    """

    check: str
    scope: str
    outcome: str
    p_value: float
    value: float
    threshold: str
    sentence: str


def by_p_value(
    check: str, p: float, sentence: str, scope: str = "experiment", can_stop: bool = True
) -> Check:
    """A check by a p-value (NaN where there was too little to test), not judged yet."""
    threshold = f"warns below p = {WARN}" + (f", stops below p = {STOP}" if can_stop else "")
    return Check(check, scope, NOT_CHECKED, p, p, threshold, f"{sentence}.")


def judged(checks: Sequence[Check]) -> list[Check]:
    """The checks, those with p-values judged: of one name they are one family."""
    found = list(checks)
    for name in {check.check for check in checks}:
        at = [i for i, check in enumerate(checks) if check.check == name]
        p_values = adjusted(np.array([checks[i].p_value for i in at]), "holm")
        for i, p in zip(at, p_values.tolist(), strict=True):
            if not np.isnan(p):
                stops = p < STOP and "stops" in checks[i].threshold
                outcome = "stop" if stops else "warn" if p < WARN else "ok"
                sentence = f"{checks[i].sentence[:-1]} (p = {p:.2g})."
                found[i] = replace(
                    checks[i], outcome=outcome, p_value=p, value=p, sentence=sentence
                )
    return found


def whole_checks(people: Participants, design: Design) -> Iterator[Check]:
    """The checks that concern all metrics."""
    shares, counts = planned_shares(people, design), people.by_arm
    plan = " : ".join(f"{share:.3g}" for share in shares)
    sentence = f"{_by_name(counts, people)}, where shares of {plan} were planned"
    yield by_p_value("sample ratio", split_p_value(counts, shares), sentence)
    tables = {
        f"{column} {labels[level]}": row
        for column, (codes, labels) in people.segments.items()
        for level, row in enumerate(_by_arm(codes, len(labels), people))
        if row.any()
    }
    if tables:
        yield _worst("sample ratio by segment", tables, shares)
    days = people.days
    if days is not None and len(days):
        first = int(days.min())
        by_day = _by_arm(days - first, int(days.max()) - first + 1, people)
        names = np.datetime_as_string((first + np.arange(len(by_day))).astype("datetime64[D]"))
        yield _worst("sample ratio by day", dict(zip(names, by_day, strict=True)), shares)
    yield from _rows(people)


def planned_shares(people: Participants, design: Design) -> np.ndarray:
    """Each arm's planned share of the customers."""
    arms = people.arms
    if design.ratio is None:
        return np.full(len(arms), 1 / len(arms))
    for arm in design.ratio:
        if arm not in arms:
            raise OmninbError(f"ratio: no arm {arm!r}.{nearest(str(arm), arms)}")
    weights = np.array([float(design.ratio.get(arm, 0)) for arm in arms])
    if not (weights > 0).all():
        raise OmninbError(f"ratio={dict(design.ratio)!r}: a weight above 0 for each of {arms}.")
    return weights / weights.sum()


def split_p_value(counts: np.ndarray, shares: np.ndarray) -> float:
    """How surprising a split is: χ², or exactly for few customers of two arms; NaN for too few."""
    from scipy.stats import binomtest, chisquare

    n = int(counts.sum())
    if len(counts) == 2 and 0 < n < _EXACT_BELOW:
        return float(binomtest(int(counts[1]), n, shares[1]).pvalue)
    return float(chisquare(counts, n * shares).pvalue) if (n * shares).min() >= 5 else NAN


def _by_arm(codes: np.ndarray, levels: int, people: Participants) -> np.ndarray:
    arms = len(people.arms)
    return np.bincount(codes * arms + people.arm, minlength=levels * arms).reshape(levels, arms)


def _by_name(counts: np.ndarray, people: Participants) -> str:
    named = zip(counts, people.arms, strict=True)
    return " and ".join(f"{number_words(int(n))} customers in {arm}" for n, arm in named)


def _worst(check: str, tables: dict[str, np.ndarray], shares: np.ndarray) -> Check:
    """The most surprising split of several."""
    p_values = np.array([split_p_value(row, shares) for row in tables.values()])
    p = smallest(p_values)
    if np.isnan(p):
        return by_p_value(check, p, "too few customers in any")
    name = list(tables)[int(np.nanargmin(p_values))]
    row = " : ".join(number_words(int(n)) for n in tables[name])
    return by_p_value(check, p, f"of {len(tables)}, {name} is furthest from the plan with {row}")


def _rows(people: Participants) -> Iterator[Check]:
    """Customers and rows that do not belong to one arm alone."""
    share = people.crossed / max(1, people.crossed + len(people))
    outcome = "stop" if share > _MOST_CROSSED else "note" if people.crossed else "ok"
    sentence = f"customers seen in several arms, left out: {number_words(people.crossed)}"
    threshold = f"stops above {_MOST_CROSSED:.0%} of the customers"
    yield Check(
        "customers in both arms", "experiment", outcome, NAN, share, threshold,
        f"{sentence} ({share:.2%}).",
    )  # fmt: skip
    if people.source == "frame":
        yield _repeated(people.repeated)
    if people.mismatched is not None:
        yield _received(people, people.mismatched)
    if people.unassigned:
        rows = f"rows that name no arm, left out: {number_words(people.unassigned)}."
        yield Check(
            "rows without an arm", "experiment", "note", NAN, people.unassigned, "a note", rows
        )
    if people.nobody:
        share = people.nobody / (people.nobody + len(people))
        rows = f"rows that name no customer, left out: {number_words(people.nobody)} ({share:.2%})."
        yield Check(
            "rows without a customer", "experiment", "warn" if share > _MOST_CROSSED else "note",
            NAN, share, f"warns above {_MOST_CROSSED:.0%} of the customers", rows,
        )  # fmt: skip


def _repeated(repeated: int | None) -> Check:
    if repeated is None:
        outcome, sentence = NOT_CHECKED, "no customer= was named, so each row counts as one."
    else:
        outcome = "note" if repeated else "ok"
        sentence = f"further rows of customers already counted, left out: {number_words(repeated)}."
    value = NAN if repeated is None else repeated
    return Check("repeated customers", "experiment", outcome, NAN, value, "a note", sentence)


def _received(people: Participants, mismatched: np.ndarray) -> Check:
    """Rows given what another arm should get; to leave them out is fair if it hits all alike."""
    from scipy.stats import chi2_contingency

    p = 1.0 if not mismatched.any() else float(chi2_contingency([mismatched, people.by_arm]).pvalue)
    named = zip(mismatched, people.arms, strict=True)
    by_arm = ", ".join(f"{number_words(int(n))} of {arm}" for n, arm in named)
    sentence = (
        f"{number_words(int(mismatched.sum()))} rows disagree with their arm and were left out: "
        f"{by_arm}"
    )
    return by_p_value("received another variant", p, sentence)
