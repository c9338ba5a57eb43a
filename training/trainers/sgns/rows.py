"""Rows in compiled code: where they are, what their steps have added up to, and how several meet."""

from collections.abc import Sequence
from typing import Any

import numba as nb

from training.trainers.sgns.memory import NUMBERS
from training.trainers.sgns.vectors import FAST, INDEX, Builder, Numbers, Sum, Value, Vector, along, index, vector


class Rows:
    """The rows of both matrices, and what else a call is given.

    Arguments of the call go by their place: inputs, outputs and heat (`State`) come first, or a matrix alone.
    """

    def __init__(self, target: Any, builder: Builder, signature: Any, arguments: Sequence[Value]) -> None:
        self.builder = builder
        self._arrays: dict[int, Any] = {
            place: target.make_array(kind)(target, builder, arguments[place])
            for place, kind in enumerate(signature.args)
            if isinstance(kind, nb.types.Array)
        }
        self._items, self.width = (builder.extract_value(self._arrays[0].shape, i) for i in range(2))

    def plus(self, place: Value, more: int) -> Value:
        return self.builder.add(place, index(more))

    def input(self, item: Value) -> Numbers:
        return self._row(self._arrays[0], item)

    def output(self, item: Value) -> Numbers:
        return self._row(self._arrays[1], item)

    def item(self, argument: int, place: Value) -> Value:
        """An item of an argument of int32, as a row."""
        return self.builder.zext(self._at(argument, place), INDEX)

    def number(self, argument: int, place: Value) -> Value:
        """A number of an argument of float32."""
        return self._at(argument, place)

    def heated(self, side: int, items: Sequence[Value], by: Vector) -> Vector:
        """The sums of g^2 of rows, inputs if side is 0, outputs if it is 1, each after its number of `by` is added. One
        after the other: an item may be there twice."""
        found = []
        for place, item in enumerate(items):
            at = self.builder.add(item, self.builder.mul(index(side), self._items))
            pointer = self.builder.gep(self._arrays[2].data, [at])
            warmer = self.builder.fadd(self.builder.load(pointer), by[place], flags=FAST)
            self.builder.store(warmer, pointer)
            found.append(warmer)
        return vector(self.builder, found)

    def _row(self, matrix: Any, item: Value) -> Numbers:
        return Numbers(self.builder, self.builder.gep(matrix.data, [self.builder.mul(item, self.width)]))

    def _at(self, argument: int, place: Value) -> Value:
        return self.builder.load(self.builder.gep(self._arrays[argument].data, [place]))


class Meeting:
    """Products of each of some rows with each of others, and the squared lengths of all: sums, not yet added up.

    products: by row of `ones`, then of `others`. own: squares of `ones`. squares: of `others`. soon: rows that are
    asked for meanwhile.
    """

    def __init__(
        self, rows: Rows, ones: Sequence[Numbers], others: Sequence[Numbers], soon: Sequence[Numbers] = ()
    ) -> None:
        builder = rows.builder
        products = [[Sum(builder) for _ in others] for _ in ones]
        squares, own = [Sum(builder) for _ in others], [Sum(builder) for _ in ones]
        with along(builder, index(0), rows.width, NUMBERS) as k:
            for row in soon:
                row.ask(k)
            ys = [other[k] for other in others]
            for y, square in zip(ys, squares, strict=True):
                square.add(y * y)
            for one, line, square in zip(ones, products, own, strict=True):
                x = one[k]
                square.add(x * x)
                for y, product in zip(ys, line, strict=True):
                    product.add(x * y)
        self.products = [product.get() for line in products for product in line]
        self.squares, self.own = [s.get() for s in squares], [s.get() for s in own]
