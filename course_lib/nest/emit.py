"""Words for writing LLVM IR: counted loops that carry values, addresses, vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from llvmlite import ir

INT = ir.IntType(64)
BIT = ir.IntType(1)
LANE = ir.IntType(32)

Value = Any  # an ir.Value; llvmlite has no types to speak of


def const(number: int) -> ir.Constant:
    return ir.Constant(INT, number)


@lru_cache(4096)
def lane_numbers(*values: int) -> ir.Constant:
    """A vector of 32-bit integers. The same few come in every kernel, and each knows its own text once it was written."""
    return ir.Constant(ir.VectorType(LANE, len(values)), list(values))


@lru_cache(64)
def nothing(kind: Any, wide: int) -> ir.Constant:
    """A vector whose lanes are all still to be filled."""
    return ir.Constant(ir.VectorType(kind, wide), ir.Undefined)


def zero(kind: Any) -> ir.Constant:
    return ir.Constant(kind, None) if isinstance(kind, ir.VectorType) else ir.Constant(kind, 0.0)


class Emitter:
    """A function being written; `number` is the element type."""

    def __init__(self, module: ir.Module, name: str, number: Any, pointers: int, integers: int) -> None:
        self.module, self.number = module, number
        kinds = [ir.PointerType(number)] * pointers + [INT] * integers
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
        for argument in self.function.args[:pointers]:
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))

    def loop(
        self,
        low: Value,
        high: Value,
        body: Callable[[Value, list[Value]], Any],
        carry: Sequence[Value] = (),
        step: int = 1,
        sure: bool = True,
    ) -> list[Value]:
        """`for i = low; i < high; i += step: carry = body(i, carry)`; with `sure` the first turn is made without a test."""
        b, before = self.builder, self.builder.block
        head, after = self.function.append_basic_block("loop"), self.function.append_basic_block("after")
        if sure:
            b.branch(head)
        else:
            b.cbranch(b.icmp_signed("<", low, high), head, after)
        b.position_at_end(head)
        i = b.phi(INT)
        i.add_incoming(low, before)
        held = []
        for value in carry:
            held.append(b.phi(value.type))
            held[-1].add_incoming(value, before)
        results = list(body(i, list(held)) or [])
        following = b.add(i, const(step), flags=("nsw", "nuw"))
        i.add_incoming(following, b.block)
        for phi, value in zip(held, results, strict=True):
            phi.add_incoming(value, b.block)
        last = b.block
        b.cbranch(b.icmp_signed("<", following, high), head, after)
        b.position_at_end(after)
        if sure:
            return results
        out = []
        for value, first in zip(results, carry, strict=True):
            out.append(b.phi(value.type))
            out[-1].add_incoming(first, before)
            out[-1].add_incoming(value, last)
        return out

    def choose(self, condition: Value, yes: Callable[[], Any], no: Callable[[], Any]) -> list[Value]:
        """`yes() if condition else no()`, each making the same number of values."""
        b = self.builder
        blocks = [self.function.append_basic_block(word) for word in ("yes", "no", "both")]
        b.cbranch(condition, blocks[0], blocks[1])
        made = []
        for block, make in zip(blocks, (yes, no), strict=False):
            b.position_at_end(block)
            made.append((list(make() or []), b.block))
            b.branch(blocks[2])
        b.position_at_end(blocks[2])
        out = []
        for one, other in zip(made[0][0], made[1][0], strict=True):
            out.append(b.phi(one.type))
            out[-1].add_incoming(one, made[0][1])
            out[-1].add_incoming(other, made[1][1])
        return out

    def sized(self, at: Value, blocks: int, most: int, last: int, use: Callable[[int], Any]) -> None:
        """use(size of the block numbered `at`), a constant in either branch: all but the last have `most`."""

        def of(size: int) -> Callable[[], None]:
            return lambda: use(size) and None

        if blocks == 1 or most == last:
            use(last)
        else:
            self.choose(self.builder.icmp_signed("==", at, const(blocks - 1)), of(last), of(most))

    def address(self, pointer: Value, base: Value | None, offset: int, kind: Any = None) -> Value:
        """pointer + base + offset, in elements, as a pointer to `kind`."""
        b = self.builder
        if base is not None:
            pointer = b.gep(pointer, [base])
        if offset:
            pointer = b.gep(pointer, [const(offset)])
        return b.bitcast(pointer, ir.PointerType(kind)) if kind is not None else pointer

    def load(self, pointer: Value, base: Value | None, offset: int, wide: int = 0) -> Value:
        """One number, or `wide` neighbours as a vector."""
        kind = ir.VectorType(self.number, wide) if wide else self.number
        return self.builder.load(self.address(pointer, base, offset, kind), align=self.itemsize)

    def store(self, value: Value, pointer: Value, base: Value | None, offset: int) -> None:
        self.builder.store(value, self.address(pointer, base, offset, value.type), align=self.itemsize)

    def prefetch(self, pointer: Value, base: Value | None, offset: int, write: bool = False, near: int = 3) -> None:
        """Ask for a cache line that will be wanted later, into the first cache (2: the second); a hint that may point anywhere."""
        byte = ir.PointerType(ir.IntType(8))
        name = "llvm.prefetch.p0"
        known = self.module.globals.get(name)
        if known is None:
            known = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [byte, LANE, LANE, LANE]), name)
        place = self.builder.bitcast(self.address(pointer, base, offset), byte)
        self.builder.call(known, [place, *(ir.Constant(LANE, n) for n in (int(write), near, 1))])  # to write, how near, data

    @property
    def itemsize(self) -> int:
        return 8 if isinstance(self.number, ir.DoubleType) else 4

    def splat(self, value: Value, wide: int) -> Value:
        """The same number in every lane."""
        b, empty = self.builder, nothing(self.number, wide)
        one = b.insert_element(empty, value, ir.Constant(LANE, 0))
        return b.shuffle_vector(one, empty, lane_numbers(*[0] * wide))

    def shuffle(self, a: Value, b: Value, picks: Sequence[int]) -> Value:
        return self.builder.shuffle_vector(a, b, lane_numbers(*picks))

    def transposed(self, rows: Sequence[Value]) -> list[Value]:
        """The butterfly: log2(n) rounds of shuffles turn n vectors of n lanes around."""
        n, rows = len(rows), list(rows)
        apart = 1
        while apart < n:
            for i in range(n):
                if not i & apart:
                    low, high = rows[i], rows[i + apart]
                    rows[i] = self.shuffle(low, high, [l if not l & apart else n + l - apart for l in range(n)])
                    rows[i + apart] = self.shuffle(low, high, [l + apart if not l & apart else n + l for l in range(n)])
            apart *= 2
        return rows

    def gather(self, pointer: Value, base: Value | None, offset: int, stride: int, wide: int) -> Value:
        """`wide` numbers, `stride` apart. Every second one: two overlapping vectors and a shuffle, nothing read behind the last."""
        if stride == 2 and wide % 2 == 0:
            low = self.load(pointer, base, offset, wide)
            high = self.load(pointer, base, offset + wide - 1, wide)
            return self.shuffle(low, high, [*range(0, wide, 2), *range(wide + 1, 2 * wide, 2)])
        out = ir.Constant(ir.VectorType(self.number, wide), ir.Undefined)
        for lane in range(wide):
            out = self.builder.insert_element(out, self.load(pointer, base, offset + lane * stride), ir.Constant(LANE, lane))
        return out

    def intrinsic(self, name: str, kind: Any, arity: int) -> Any:
        suffix = (
            ("f64" if self.itemsize == 8 else "f32")
            if not isinstance(kind, ir.VectorType)
            else f"v{kind.count}{'f64' if self.itemsize == 8 else 'f32'}"
        )
        full = f"llvm.{name}.{suffix}"
        found = self.module.globals.get(full)
        return found if found is not None else ir.Function(self.module, ir.FunctionType(kind, [kind] * arity), full)

    def multiply_add(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c: one fused instruction where the machine has it."""
        return self.builder.call(self.intrinsic("fmuladd", c.type, 3), [a, b, c])

    def total(self, vector: Value) -> Value:
        """The sum of the lanes, in pairs."""
        b, wide = self.builder, vector.type.count
        parts = [b.extract_element(vector, ir.Constant(LANE, i)) for i in range(wide)]
        while len(parts) > 1:
            parts = [b.fadd(*parts[i : i + 2]) if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
        return parts[0]
