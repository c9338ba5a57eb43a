"""Vectors of numbers in compiled code: formulas in Python, from which LLVM's instructions are written.

`a * b + c` of three vectors writes a multiplication and an addition, once, when numba compiles; a loop in Python writes
its body as many times. So what is kept in a register is decided here, where numba's own loops leave it to the compiler,
which takes half as long vectors and keeps sums in memory. Nothing names a processor: of 16 numbers LLVM makes one
register with AVX-512, two with AVX2, four with SSE or NEON.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from training.trainers.sgns.memory import LINE, NUMBERS

# Sums may be taken in any order and a * b + c at once; not that numbers are finite: a guard looks at that afterwards.
FAST = ("reassoc", "contract", "arcp", "nsz")
NUMBER, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)

Builder = Any  # llvmlite's: what writes instructions, one after the other
Value = Any  # what an instruction will give


class Vector:
    """Some float32: `length` of them."""

    def __init__(self, builder: Builder, value: Value) -> None:
        self.builder, self.value, self.length = builder, value, value.type.count

    def __add__(self, other: "Vector | float") -> "Vector":
        return self._made(self.builder.fadd, self.value, self._like(other))

    def __sub__(self, other: "Vector | float") -> "Vector":
        return self._made(self.builder.fsub, self.value, self._like(other))

    def __mul__(self, other: "Vector | float") -> "Vector":
        return self._made(self.builder.fmul, self.value, self._like(other))

    def __truediv__(self, other: "Vector | float") -> "Vector":
        return self._made(self.builder.fdiv, self.value, self._like(other))

    def __rsub__(self, other: float) -> "Vector":
        return self._made(self.builder.fsub, self._like(other), self.value)

    def __rtruediv__(self, other: float) -> "Vector":
        return self._made(self.builder.fdiv, self._like(other), self.value)

    def root(self) -> "Vector":
        kind = ir.FunctionType(self.value.type, [self.value.type])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.sqrt.v{self.length}f32")
        return Vector(self.builder, self.builder.call(function, [self.value], fastmath=FAST))

    def within(self, most: "Vector | float") -> "Vector":
        """Each number, or -most or most where it is beyond."""
        high = self._like(most)
        low = self.builder.fneg(high)
        value = self.builder.select(self.builder.fcmp_ordered("<", self.value, high), self.value, high)
        return Vector(self.builder, self.builder.select(self.builder.fcmp_ordered(">", value, low), value, low))

    def first(self, count: Value) -> "Vector":
        """The first `count` numbers as they are, the others 0."""
        lanes = ir.Constant(ir.VectorType(INDEX, self.length), list(range(self.length)))
        inside = self.builder.icmp_signed("<", lanes, _repeated(self.builder, count, self.length))
        return Vector(self.builder, self.builder.select(inside, self.value, self._like(0.0)))

    def pick(self, places: Iterable[int], other: "Vector | None" = None) -> "Vector":
        """The numbers at these places, which go on in `other`."""
        wanted = list(places)
        mask = ir.Constant(ir.VectorType(LANE, len(wanted)), wanted)
        return Vector(self.builder, self.builder.shuffle_vector(self.value, (other or self).value, mask))

    def spread(self, place: int, length: int = NUMBERS) -> "Vector":
        """The number at that place, `length` times."""
        return self.pick([place] * length)

    def __getitem__(self, place: int) -> Value:
        return self.builder.extract_element(self.value, ir.Constant(LANE, place))

    def _like(self, other: "Vector | float") -> Value:
        if isinstance(other, Vector):
            return other.value
        return ir.Constant(self.value.type, [float(other)] * self.length)

    def _made(self, operation: Any, a: Value, b: Value) -> "Vector":
        return Vector(self.builder, operation(a, b, flags=FAST))


def spread(builder: Builder, number: Value, length: int = NUMBERS) -> Vector:
    """One number, `length` times."""
    return Vector(builder, _repeated(builder, number, length))


def _repeated(builder: Builder, number: Value, length: int) -> Value:
    none = ir.Constant(ir.VectorType(number.type, length), ir.Undefined)
    once = builder.insert_element(none, number, ir.Constant(LANE, 0))
    return builder.shuffle_vector(once, none, ir.Constant(ir.VectorType(LANE, length), [0] * length))


def vector(builder: Builder, numbers: Sequence[Value]) -> Vector:
    found = ir.Constant(ir.VectorType(NUMBER, len(numbers)), ir.Undefined)
    for place, number in enumerate(numbers):
        found = builder.insert_element(found, number, ir.Constant(LANE, place))
    return Vector(builder, found)


def sums(vectors: Sequence[Vector]) -> Vector:
    """The sum of each one's numbers, in their order, as one vector; of up to 16 vectors of equal length.

    Two become one, whose halves are what either half of each adds up to; then two of those, by quarters, and so on. For
    16 vectors that is 15 additions and 30 rearrangements, where each by itself takes 64 of both.
    """
    length, count = vectors[0].length, 1 << (len(vectors) - 1).bit_length()
    left = [*vectors, *[vectors[-1]] * (count - len(vectors))]
    apart = length // 2
    while apart:
        half = max(1, len(left) // 2)
        own = [i + length if i & apart else i for i in range(length)]
        across = [i - apart + length if i & apart else i + apart for i in range(length)]
        left = [a.pick(own, b) + a.pick(across, b) for a, b in zip(left[:half], left[-half:], strict=True)]
        apart //= 2
    return left[0].pick(range(0, length, length // count))


def turned(vectors: Sequence[Vector]) -> list[Vector]:
    """Four vectors of four times four numbers, rows and columns of the fours exchanged."""

    def beside(a: Vector, b: Vector, four: int) -> Vector:
        return a.pick([side + 4 * four + i for side in (0, NUMBERS) for i in range(4)], b)

    a, b, c, d = vectors
    return [beside(a, b, four).pick(range(NUMBERS), beside(c, d, four)) for four in range(4)]


class Sum:
    """A vector of 16, first 0, that a loop adds to. LLVM keeps it out of memory where there is room."""

    def __init__(self, builder: Builder) -> None:
        kind = ir.VectorType(NUMBER, NUMBERS)
        self._builder, self._place = builder, cgutils.alloca_once(builder, kind)
        builder.store(ir.Constant(kind, [0.0] * NUMBERS), self._place)

    def add(self, more: Vector) -> None:
        self._builder.store((self.get() + more).value, self._place)

    def get(self) -> Vector:
        return Vector(self._builder, self._builder.load(self._place))


class Numbers:
    """Numbers in memory. begin: a pointer to the first. align: of vectors in it, bytes; LINE in rows of a matrix."""

    def __init__(self, builder: Builder, begin: Value, align: int = LINE) -> None:
        self._builder, self._begin, self._align = builder, begin, align

    def __getitem__(self, place: Value) -> Vector:
        """The vector that begins there."""
        value = self._builder.load(self._at(place, ir.VectorType(NUMBER, NUMBERS)))
        value.align = self._align
        return Vector(self._builder, value)

    def __setitem__(self, place: Value, new: Vector) -> None:
        self._builder.store(new.value, self._at(place, new.value.type)).align = self._align

    def spread(self, place: Value) -> Vector:
        """The number that is there, as often as a vector is long."""
        return spread(self._builder, self._builder.load(self._at(place, NUMBER)))

    def ask(self, place: Value) -> None:
        """Asks for the cache line of that place, which will be needed soon, and be written to."""
        pointer = self._at(place, ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, LANE, LANE, LANE])
        function = cgutils.get_or_insert_function(self._builder.module, kind, "llvm.prefetch.p0")
        # for writing, to be kept in all caches, data: what llvm.prefetch's three numbers mean
        self._builder.call(function, [pointer, *(ir.Constant(LANE, value) for value in (1, 3, 1))])

    def _at(self, place: Value, kind: Any) -> Value:
        return self._builder.bitcast(self._builder.gep(self._begin, [place]), kind.as_pointer())


def index(value: int) -> Value:
    return ir.Constant(INDEX, value)


@contextmanager
def along(builder: Builder, begin: Value, end: Value, step: int) -> Iterator[Value]:
    """What is written inside is repeated for begin, begin + step, ... below end."""
    with cgutils.for_range_slice(builder, begin, end, index(step), INDEX) as (place, _):
        yield place
