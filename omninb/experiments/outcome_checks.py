"""Checks of one metric: enough customers, nothing out of its time, an effect that lasts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from omninb.adjusting import smallest
from omninb.experiments.arms import FEWEST, FEWEST_EXPECTED, MOST_SKEWED, Parts
from omninb.experiments.checks import NAN, Check, by_p_value
from omninb.experiments.comparisons import (
    BOTTOM,
    TOP,
    compare_means,
    compare_proportions,
    samples_of,
)
from omninb.experiments.outcomes import DAY, FEWEST_WITH_HISTORY, Outcome
from omninb.experiments.participants import Participants
from omninb.wording import number_words

TOO_FEW = "too few customers"
_MOST_OPEN = 0.5
_FEWEST_TO_COMPARE_PARTS = 20


def outcome_checks(people: Participants, parts: Parts) -> Iterator[Check]:
    """The checks that concern one metric, whose parts are the arms."""
    outcome = parts.outcome
    scope, n = outcome.metric.name, len(people)
    if people.source == "frame":
        yield _missing(people, outcome)
    else:
        open_ = int((~outcome.known).sum())
        share = open_ / max(1, n)
        sentence = (
            f"{number_words(open_)} of {number_words(n)} customers were exposed so recently that "
            f"their window is not over ({share:.1%})."
        )
        yield Check(
            "windows not over", scope, "warn" if share > _MOST_OPEN else "ok", NAN, share,
            f"warns above {_MOST_OPEN:.0%} of the customers", sentence,
        )  # fmt: skip
    reasons = [parts.too_few(0, k) for k in range(1, len(people.arms))]
    reason = next(filter(None, reasons), "")
    yield Check(
        TOO_FEW, scope, "stop" if reason else "ok", NAN, float(parts.counted.min()),
        f"stops below {FEWEST} customers in an arm, {FEWEST_EXPECTED} expected with and without "
        f"what is counted, or a skewness of {MOST_SKEWED} of the difference",
        f"{reason or 'enough for the method'}.",
    )  # fmt: skip
    if outcome.covariate is not None:
        yield from _covariate(people, outcome)
    if people.source == "log" and outcome.metric.kind in ("conversion", "time", "drop-off"):
        yield from _exposure_after(people, outcome)
    if people.source == "log" and outcome.metric.kind in ("conversion", "mean"):
        yield _novelty(people, outcome)


def _missing(people: Participants, outcome: Outcome) -> Check:
    """Whether a frame's outcomes are missing from the arms alike."""
    from scipy.stats import chi2_contingency

    arms = len(people.arms)
    known = np.bincount(people.arm[outcome.known], minlength=arms)
    missing = people.by_arm - known
    p = NAN
    if missing.any() and known.any():
        p = float(chi2_contingency([known, missing]).pvalue)
    by_arm = " : ".join(number_words(int(count)) for count in missing)
    sentence = f"customers without a value, by arm: {by_arm}"
    return by_p_value("missing outcomes", p, sentence, outcome.metric.name)


def _covariate(people: Participants, outcome: Outcome) -> Iterator[Check]:
    """Whether CUPED's covariate was known before exposure, and of enough customers."""
    scope = outcome.metric.name
    sentence = f"{outcome.history:.0%} of the customers have a history before exposure"
    if not outcome.adjusted:
        few = outcome.history < FEWEST_WITH_HISTORY
        why = f"under {FEWEST_WITH_HISTORY:.0%}" if few else "which does not vary"
        sentence += f", {why}: CUPED is skipped"
    yield Check(
        "covariate history", scope, "ok" if outcome.adjusted else "note", NAN, outcome.history,
        f"CUPED needs {FEWEST_WITH_HISTORY:.0%}", f"{sentence}.",
    )  # fmt: skip
    if not outcome.adjusted or outcome.covariate is None:
        return
    top, bottom = (None if c is None else c[outcome.known] for c in outcome.covariate)
    assert top is not None
    columns = {TOP: np.nan_to_num(top)} | (
        {} if bottom is None else {BOTTOM: np.nan_to_num(bottom)}
    )
    control, *treatments = samples_of(columns, people.arm[outcome.known], len(people.arms))
    p_values = [
        compare_means(control, treatment, 0.95).p_value
        for treatment in treatments
        if control is not None and treatment is not None
    ]
    words = "the arms' covariates, which no variant can have changed if they were known before it"
    yield by_p_value("covariate after exposure", smallest(np.array([NAN, *p_values])), words, scope)


def _exposure_after(people: Participants, outcome: Outcome) -> Iterator[Check]:
    """Whether the outcome lies behind customers when they meet the test, or ahead of them.

    Two questions. Do the arms differ in how many have it before exposure? Then the exposure depends
    on the outcome, and the test stops. Do more customers have it only before than only after? So it
    is where the variant is written down too late; but a test of buying again is sound, and is only
    warned of.
    """
    from scipy.stats import binomtest

    check, scope = "exposure after outcome", outcome.metric.name
    if not people.preceded:
        sentence = "every customer's first touchpoint is the exposure: nothing precedes it"
        yield by_p_value(check, NAN, sentence, scope)
        return
    assert outcome.touches is not None
    n, window = len(people), outcome.metric.window
    before = outcome.touches.between(-window, 0).happened(n) & outcome.known
    after = outcome.touches.between(0, window).happened(n) & outcome.known
    behind, ahead = int((before & ~after).sum()), int((after & ~before).sum())
    late = NAN
    if behind + ahead:
        late = float(binomtest(behind, behind + ahead, alternative="greater").pvalue)
    p_values, arms = [NAN], len(people.arms)
    had = np.bincount(people.arm[before], minlength=arms)
    customers = np.bincount(people.arm[outcome.known], minlength=arms)
    for k in range(1, arms):
        if min(had[0] + had[k], (customers - had)[[0, k]].sum()) >= 2 * FEWEST_EXPECTED:
            pair = [0, k]
            found = compare_proportions(had[pair].tolist(), customers[pair].tolist(), 0.95)
            p_values.append(found.p_value)
    words = ", ".join(
        f"{number_words(int(n))} of {number_words(int(m))} in {arm}"
        for n, m, arm in zip(had, customers, people.arms, strict=True)
    )
    sentence = f"customers who had it in the time before exposure: {words}"
    yield by_p_value(check, smallest(np.array(p_values)), sentence, scope)
    sentence = (
        f"{number_words(behind)} customers had it only in the time before exposure, "
        f"{number_words(ahead)} only after"
    )
    yield by_p_value("outcome mostly before exposure", late, sentence, scope, can_stop=False)


def _novelty(people: Participants, outcome: Outcome) -> Check:
    """Whether the relative uplift of the first days since exposure is that of the later ones.

    The window is split at the day by which half of what is counted has come. Of a conversion the
    risks of the days are compared, each of those who had not converted before.
    """
    check, scope = "novelty", outcome.metric.name
    assert outcome.touches is not None
    touches = outcome.touches.between(0, outcome.metric.window)
    amounts = outcome.amounts
    if amounts is None:
        touches = touches.firsts()
        amounts = np.ones(len(touches.row))
    else:
        inside = (outcome.touches.since >= 0) & (outcome.touches.since < outcome.metric.window)
        amounts = amounts[inside]
    counted = outcome.known[touches.row] & (amounts != 0)
    row, day, amounts = touches.row[counted], touches.since[counted] // DAY, amounts[counted]
    split = int(np.median(day)) if len(day) else 0
    n, arms = len(people), len(people.arms)
    parts = np.stack(
        [np.bincount(row[late], amounts[late], n) for late in (day <= split, day > split)]
    )
    made = np.stack([np.bincount(people.arm[parts[i] != 0], minlength=arms) for i in (0, 1)])
    if made.min() < _FEWEST_TO_COMPARE_PARTS:
        return by_p_value(
            check, NAN, "too few customers with it early or late", scope, can_stop=False
        )
    known = outcome.known
    change, variance = np.empty(arms), np.empty(arms)
    for k in range(arms):
        here = known & (people.arm == k)
        if outcome.amounts is None:
            risk = made[:, k] / np.array([here.sum(), here.sum() - made[0, k]])
            variance[k] = ((1 - risk) / made[:, k]).sum()
            change[k] = np.log(risk[1] / risk[0])
        else:
            mean = parts[:, here].mean(axis=1)
            if mean.min() <= 0:
                return by_p_value(check, NAN, "sums below 0", scope, can_stop=False)
            variance[k] = np.var(parts[1, here] / mean[1] - parts[0, here] / mean[0]) / here.sum()
            change[k] = np.log(mean[1] / mean[0])
    from scipy.special import ndtr

    z = (change[1:] - change[0]) / np.sqrt(variance[1:] + variance[0])
    p = smallest(2 * ndtr(-np.abs(z)))
    sentence = (
        f"the relative uplift from day {split + 1} on beside that of the days before (where keen "
        "customers are used up sooner in a better arm, that looks like fading too)"
    )
    return by_p_value(check, p, sentence, scope, can_stop=False)
