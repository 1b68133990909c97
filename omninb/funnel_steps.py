"""The steps of a funnel, as they are asked for and as the pass reads them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omninb.columns import Columns
from omninb.conditions import Condition, chosen_codes, condition_words
from omninb.errors import OmninbError, nearest
from omninb.memory import fresh
from omninb.passes.compiling import each, threads
from omninb.passes.fits import mark_fits

_MOST_BITS = 16
Step = Condition | Sequence[Condition]
Exclusion = Step | tuple[Step, str, str]


@dataclass(frozen=True)
class FunnelSteps:
    """Steps with their labels, which of them are optional, and what is excluded between which.

    Attributes
    ----------
    labels : list of str
        One a step, in the order that was given.
    required, optional : list of int
        Places in ``labels``.
    conditions : list
        Of the required steps, then of the optional ones, then of the exclusions: one a bit.
    spans : list of (int, int)
        For each exclusion, between which required steps (from 0) it must not happen.
    """

    labels: list[str]
    required: list[int]
    optional: list[int]
    conditions: list[Step]
    spans: list[tuple[int, int]]

    @classmethod
    def of(
        cls,
        steps: Sequence[Step],
        optional: Sequence[str] | None = None,
        exclude: Exclusion | Sequence[Exclusion] | None = None,
    ) -> FunnelSteps:
        """Read the arguments ``steps``, ``optional`` and ``exclude`` of a funnel."""
        if isinstance(steps, str | Mapping) or not isinstance(steps, Sequence) or len(steps) < 2:
            raise OmninbError(
                f"steps={steps!r}: give at least two, each an event, a mapping of roles to values, "
                'or a list of such alternatives: ["view", ["add", "wish"], {"event": "purchase"}].'
            )
        labels: list[str] = []
        for step in steps:
            words = condition_words(_checked(step, "steps"))
            again = sum(label == words or label.startswith(f"{words} (") for label in labels)
            labels.append(f"{words} ({again + 1})" if again else words)
        if isinstance(optional, str) or not isinstance(optional or [], Sequence):
            raise OmninbError(f"optional={optional!r}: give a list of steps, such as ['checkout'].")
        may_skip = [_place(name, labels, "optional") for name in optional or []]
        if {0, len(labels) - 1} & set(may_skip):
            raise OmninbError(
                f"optional={list(optional or [])!r}: the first and the last step are required."
            )
        required = [i for i in range(len(labels)) if i not in may_skip]
        spans, excluded = [], []
        for what, first, last in _exclusions(exclude, labels):
            ends = [_place(name, labels, "exclude") for name in (first, last)]
            if not set(ends) <= set(required) or ends[0] >= ends[1]:
                raise OmninbError(
                    f"exclude: between {first!r} and {last!r}: name two required steps in order."
                )
            spans.append((required.index(ends[0]), required.index(ends[1])))
            excluded.append(_checked(what, "exclude"))
        ordered = [steps[i] for i in [*required, *sorted(may_skip)]]
        if len(ordered) + len(excluded) > _MOST_BITS:
            raise OmninbError(
                f"steps: {len(steps)} steps and {len(excluded)} exclusions; up to {_MOST_BITS} fit."
            )
        return cls(labels, required, sorted(may_skip), [*ordered, *excluded], spans)

    @property
    def after(self) -> list[int]:
        """For each optional step, the required step (from 0) behind which it stands."""
        return [sum(place < i for place in self.required) - 1 for i in self.optional]

    @property
    def blocked(self) -> list[int]:
        """For each exclusion, bits of the required steps from which it lets nobody go on."""
        return [(1 << last) - (1 << first) for first, last in self.spans]

    @property
    def inner(self) -> list[int]:
        """For each exclusion, bits of the required steps that lie strictly inside its span."""
        return [(1 << last) - (1 << (first + 1)) for first, last in self.spans]

    def fits(self, columns: Columns) -> np.ndarray:
        """Which conditions each touchpoint fits: a uint16 of one bit each.

        Alternatives are looked up layer by layer: a layer takes one alternative of each condition,
        so that each role needs one look at its codes.
        """
        alternatives = [_alternatives(condition) for condition in self.conditions]
        fits: np.ndarray | None = None
        excluding = len(self.conditions) - len(self.spans)
        arguments = ["exclude" if i >= excluding else "steps" for i in range(len(alternatives))]
        for layer in itertools.zip_longest(*alternatives):
            found = _look_up(columns, layer, arguments)
            fits = found if fits is None else np.bitwise_or(fits, found, out=fits)
        assert fits is not None
        return fits


def _alternatives(condition: Step) -> list[Mapping[str, object]]:
    if isinstance(condition, str):
        return [{"event": condition}]
    if isinstance(condition, Mapping):
        return [condition]
    return [one for part in condition for one in _alternatives(part)]


def _checked(condition: Step, argument: str) -> Step:
    """A condition as it was given, if it is one."""
    if isinstance(condition, str) and condition:
        return condition
    if isinstance(condition, Mapping) and condition:
        for role, values in condition.items():
            if isinstance(values, list | tuple | set | frozenset) and not values:
                raise OmninbError(f"{argument}: {{{role!r}: {values!r}}} fits no touchpoint.")
        return condition
    if isinstance(condition, list | tuple) and condition:
        for one in condition:
            _checked(one, argument)
        return condition
    if isinstance(condition, Mapping):
        raise OmninbError(f"{argument}: {{}} is no step: an empty condition fits everything.")
    raise OmninbError(
        f"{argument}: {condition!r} is no step. Give an event, a mapping of roles to values such "
        "as {'channel': 'store'}, or a list of such alternatives."
    )


def _look_up(
    columns: Columns, layer: Sequence[Mapping[str, object] | None], arguments: Sequence[str]
) -> np.ndarray:
    """The bits of those conditions whose alternative in this layer a touchpoint fits."""
    roles = list(dict.fromkeys(role for one in layer if one for role in one))
    fits = fresh(len(columns.order), np.uint16)
    cuts = np.linspace(0, len(fits), threads() + 1).astype(int)
    for nth, role in enumerate(roles):
        codes, labels = columns.codes(role, "steps")
        fits_of = np.zeros(len(labels) + 1, np.uint16)
        for bit, one in enumerate(layer):
            if one is None:
                continue
            chosen: np.ndarray | bool = True
            if role in one:
                chosen = chosen_codes(columns, role, one[role], arguments[bit])[1]
            fits_of[np.broadcast_to(chosen, fits_of.shape)] |= np.uint16(1 << bit)
        each(
            mark_fits,
            [(codes, fits_of, nth > 0, fits, a, b) for a, b in itertools.pairwise(cuts)],
        )
    return fits


def _exclusions(
    exclude: Exclusion | Sequence[Exclusion] | None, labels: Sequence[str]
) -> list[tuple[Step, str, str]]:
    """Each exclusion with its two steps; without them, the first and the last."""
    if exclude is None:
        return []
    if isinstance(exclude, str | Mapping) or _is_span(exclude, labels):
        exclude = [exclude]  # type: ignore[list-item]
    if not isinstance(exclude, Sequence):
        _checked(exclude, "exclude")
    return [
        one if _is_span(one, labels) else (one, labels[0], labels[-1])  # type: ignore[misc]
        for one in exclude
    ]


def _is_span(one: object, labels: Sequence[str]) -> bool:
    return isinstance(one, tuple) and len(one) == 3


def _place(name: object, labels: Sequence[str], argument: str) -> int:
    if name in labels:
        return labels.index(str(name))
    words = condition_words(name) if isinstance(name, str | Mapping | list) else str(name)
    if words in labels:
        return labels.index(words)
    raise OmninbError(f"{argument}: no step is named {words!r}.{nearest(words, labels)}")
