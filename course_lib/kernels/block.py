"""A block of c from a and b as they stand: whoever reads an operand first packs it.

    for each panel of b's columns:
        the first rows of c      read b where it lies, ask for what comes next, multiply, and write the panel
        the other rows of c      read the panel, which is in the first cache now

and, where a is not packed yet, the first panel of b's columns does the same for a. The stores and requests cost next to nothing, since
the multipliers are what is busy; a packing of its own would wait for memory with nothing else to do.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from course_lib.kernels.plan import TURN, Tile, block_nest
from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.lower import LINE, Later, lower

AHEAD = 12  # rows of b asked for before they are read: some hundred cycles


def own(function: Any) -> Any:
    """A function of its module alone, called where it stands: written into each caller, it would be compiled as often."""
    function.linkage = "internal"
    function.attributes.add("noinline")
    return function


def write_block(
    module: ir.Module,
    name: str,
    tile: Tile,
    i: int,
    j: int,
    k: int,
    pitch: int,
    a: int = 0,
    fresh: bool = True,
    high: int = 0,
    keep: bool = False,
) -> Any:
    """`name(a*, b*, c*, left*, right*, next*, carry)`: c[i,j] (+)= a[i,k] b[k,j], rows of b and c `pitch` apart, both packed on the way.

    `a` is how far its rows are apart; 0 where `left` has it packed already. Where b is not `fresh`, all of it is in `right`.
    Of more rows than `high` the others follow by blocks.
    The panels of b are all in `right` in the end where they are used again: by those blocks, or (`keep`) by the caller. Otherwise each
    takes the place of the one before, in the first cache. Meanwhile the block of b that comes after this one (`next`) is asked for, row
    after row, into the second cache.
    """
    top = min(i, high or i)
    first, panels = min(tile.tall, i), -(-j // tile.wide)
    share = -(-k // panels)  # rows of the next block that are asked for while a panel is multiplied
    parts: dict[tuple[int, int, bool, bool], Any] = {}

    def part(rows: int, columns: int, fresh_a: bool, fresh_b: bool) -> Any:
        """The nest of so many rows and columns; from fresh operands it packs what will be read again."""
        known = (rows, columns, fresh_a, fresh_b)
        if known not in parts:
            called = f"{name}_{rows}_{columns}{'_a' * fresh_a}{'_b' * fresh_b}"
            nest = block_nest(tile, rows, columns, k, high, a="IK" if fresh_a else "", b="KJ" if fresh_b else "")
            layout = {"C": (pitch, 1)} | ({"A": (a, 1)} if fresh_a else {}) | ({"B": (pitch, 1)} if fresh_b else {})
            packed = block_nest(tile, rows, columns, k, high).problem.ins
            ahead = (0, AHEAD * pitch)
            copies = {packed[n].name: (packed[n], ahead[n]) for n, wanted in enumerate(wants(*known)) if wanted}
            later = asks(rows, fresh_b)
            lower(nest, called, module=module, pitches=layout, carrying=True, copies=copies, later=later)
            parts[known] = own(module.globals[called])
        return parts[known]

    def asks(rows: int, fresh_b: bool) -> Later | None:
        """What comes next, spread over the tiles of rows: the next block of b, by those that find their panel packed, or by the first where
        there are no others; of a b that is all packed the next panel.
        """
        tiles, turns, numbers = -(-rows // tile.tall), -(-k // TURN), LINE // 4
        if not fresh:
            at_once = -(-k * tile.wide // (tiles * turns * numbers))
            return Later("i_t", turns, 0, at_once * numbers, at_once)
        lines = -(-j // numbers)
        slow = min(tiles * turns // share, lines).bit_length() - 1
        if fresh_b != (top == first) or slow < 0:
            return None
        return Later("i_t", -(-share // tiles), slow, pitch, -(-lines // (1 << slow)))

    def wants(rows: int, columns: int, fresh_a: bool, fresh_b: bool) -> tuple[bool, bool]:
        return fresh_a and j > tile.wide, fresh_b and (keep or i > rows)

    def use(rows: int, columns: int, fresh_a: bool, fresh_b: bool, row: int, number: Value) -> None:
        """Call the part from this row and this panel of columns on."""
        across = b.mul(number, const(tile.wide))
        panel = b.gep(packed_b, [b.mul(across, const(k if keep or i > top or not fresh else 0))])
        left = b.gep(packed_a, [const(row * k)])
        source = b.gep(plain_a, [const(row * a)]) if fresh_a else left
        out = b.gep(c, [b.add(across, const(row * pitch))])
        copy_a, copy_b = wants(rows, columns, fresh_a, fresh_b)
        operands = [source, b.gep(plain_b, [across]) if fresh_b else panel, out]
        following = b.gep(after, [b.mul(number, const(share * pitch))]) if fresh else b.gep(panel, [const(k * tile.wide)])
        operands += [left] * copy_a + [panel] * copy_b + [following] * bool(asks(rows, fresh_b))
        b.call(part(rows, columns, fresh_a, fresh_b), [*operands, carry])

    e = Emitter(module, name, ir.FloatType(), 6, 1)
    own(e.function)
    b, (plain_a, plain_b, c, packed_a, packed_b, after, carry) = e.builder, e.function.args

    def column(number: Value, columns: int, fresh_a: bool) -> None:
        use(first if fresh else top, columns, fresh_a, fresh, 0, number)
        if fresh and top > first:
            use(top - first, columns, fresh_a, False, first, number)

    whole, ragged = divmod(j, tile.wide)
    begun = 0
    if a and whole:
        column(const(0), tile.wide, True)
        begun = 1
    if whole > begun:
        e.loop(const(begun), const(whole), lambda n, _: column(n, tile.wide, False))
    if ragged:
        column(const(whole), ragged, bool(a) and not whole)
    if i > top:
        if a:
            raise ValueError(f"high: rows of a that are not packed yet come in one block, got {i} rows in blocks of {high}")
        use(i - top, j, False, False, top, const(0))
    b.ret_void()
    return e.function
