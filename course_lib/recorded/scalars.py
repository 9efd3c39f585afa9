"""A number that was loaded from a recorded array: its sums and products are counted."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .tape import Traced, applied, untraced

# The log is one long array of whole numbers. An address (>= 0) is a load; STORE and then an address is a store;
# the other codes are arithmetic. ADD, ADD1 and ADD2 are additions that take up none, one or two products.
STORE, ADD, ADD1, ADD2, MULTIPLY, DIVIDE, COMPARE, OTHER = range(-1, -9, -1)

new = object.__new__
PLAIN = (int, float, np.generic)


class Number:
    """A value, the log it reports to, and whether it is a product that no sum has taken up yet.

    A multiply-accumulate is a product that goes into a sum. The value keeps numpy's type, so rounding and overflow are
    those of the same loop on plain arrays.
    """

    __slots__ = ("value", "append", "product")

    def __init__(self, value: Any, append: Any, product: bool = False) -> None:
        self.value = value
        self.append = append
        self.product = product

    def __mul__(self, other: Any) -> Any:
        if other.__class__ is Number:
            value = self.value * other.value
        elif isinstance(other, PLAIN):
            value = self.value * other
        else:
            return NotImplemented
        self.append(MULTIPLY)
        product = new(Number)  # faster than Number(...)
        product.value = value
        product.append = self.append
        product.product = True
        return product

    def __rmul__(self, other: Any) -> Any:
        if not isinstance(other, PLAIN):
            return NotImplemented
        self.append(MULTIPLY)
        return Number(other * self.value, self.append, True)

    def __add__(self, other: Any) -> Any:
        if other.__class__ is Number:
            value, taken = self.value + other.value, other.product
            other.product = False
        elif isinstance(other, PLAIN):
            value, taken = self.value + other, False
        else:
            return NotImplemented
        return self.summed(value, taken)

    def __radd__(self, other: Any) -> Any:
        return self.summed(other + self.value, False) if isinstance(other, PLAIN) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        if other.__class__ is Number:
            value, taken = self.value - other.value, other.product
            other.product = False
        elif isinstance(other, PLAIN):
            value, taken = self.value - other, False
        else:
            return NotImplemented
        return self.summed(value, taken)

    def __rsub__(self, other: Any) -> Any:
        return self.summed(other - self.value, False) if isinstance(other, PLAIN) else NotImplemented

    def summed(self, value: Any, taken: bool) -> Number:
        """The sum `value` of this and another number; `taken` says that the other was a product."""
        if self.product:
            self.product = False  # a product is taken up once, so there are never more MACs than multiplications
            self.append(ADD2 if taken else ADD1)
        else:
            self.append(ADD1 if taken else ADD)
        total = new(Number)
        total.value = value
        total.append = self.append
        total.product = False
        return total

    def divided(self, value: Any) -> Number:
        self.append(DIVIDE)
        return Number(value, self.append)

    def __truediv__(self, other: Any) -> Any:
        return self.divided(self.value / plain(other)) if known(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return self.divided(other / self.value) if known(other) else NotImplemented

    def __floordiv__(self, other: Any) -> Any:
        return self.divided(self.value // plain(other)) if known(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return self.divided(other // self.value) if known(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return self.divided(self.value % plain(other)) if known(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return self.divided(other % self.value) if known(other) else NotImplemented

    def __pow__(self, power: Any) -> Any:
        if not known(power):
            return NotImplemented
        if plain(power) == 2:
            return self * self
        return self.other(self.value ** plain(power))

    def other(self, value: Any) -> Number:
        """The result of a power, a shift, a bitwise operation or a function such as exp."""
        self.append(OTHER)
        return Number(value, self.append)

    def __and__(self, other: Any) -> Any:
        return self.other(self.value & plain(other)) if known(other) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return self.other(self.value | plain(other)) if known(other) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return self.other(self.value ^ plain(other)) if known(other) else NotImplemented

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, other: Any) -> Any:
        return self.other(self.value << plain(other)) if known(other) else NotImplemented

    def __rshift__(self, other: Any) -> Any:
        return self.other(self.value >> plain(other)) if known(other) else NotImplemented

    def __invert__(self) -> Number:
        return self.other(~self.value)

    def __divmod__(self, other: Any) -> Any:
        return (self // other, self % other) if known(other) else NotImplemented

    def __neg__(self) -> Number:
        return self.instead(-self.value)

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Number:
        return Number(abs(self.value), self.append)

    def compared(self, relation: Any, other: Any) -> Any:
        if not known(other):
            return NotImplemented
        self.append(COMPARE)
        return bool(relation(self.value, plain(other)))

    def __eq__(self, other: Any) -> Any:
        return self.compared(operator.eq, other)

    def __ne__(self, other: Any) -> Any:
        return self.compared(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self.compared(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self.compared(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self.compared(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self.compared(operator.ge, other)

    def __bool__(self) -> bool:
        self.append(COMPARE)
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits)

    def __repr__(self) -> str:
        return repr(self.value)

    def __format__(self, how: str) -> str:
        return format(self.value, how)

    def item(self) -> Number:
        """The same number as a Python one, still counted."""
        return self.instead(self.value.item() if isinstance(self.value, np.generic) else self.value)

    def astype(self, dtype: Any) -> Number:
        if self.value.__class__ is Traced:
            return self.instead(self.value.cast(dtype))
        return self.instead(np.asarray(self.value).astype(dtype)[()])

    def instead(self, value: Any) -> Number:
        """`value` in the place of this number: if this was a product, that one is now."""
        product, self.product = self.product, False
        return Number(value, self.append, product)

    @property
    def dtype(self) -> np.dtype:
        return np.asarray(untraced(self.value)).dtype

    @property
    def shape(self) -> tuple[()]:
        return ()

    @property
    def ndim(self) -> int:
        return 0

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(untraced(self.value), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """numpy meets a number: `np.float32(0) + x`, `np.maximum(x, 0)`."""
        if method != "__call__" or kwargs or not all(map(known, inputs)):
            from .arrays import elementwise

            return elementwise(self.append.__self__.recorder, ufunc, method, inputs, kwargs)
        if ufunc in SPELLED:
            first, *rest = inputs
            if not isinstance(first, Number):  # numpy scalar on the left: let the number's own reversed operator answer
                first = Number(first, self.append)
            return SPELLED[ufunc](first, *rest)
        self.append(COMPARE if ufunc in (np.maximum, np.minimum) else OTHER)
        return Number(applied(ufunc.__name__, ufunc, *map(plain, inputs)), self.append)


SPELLED: dict[Any, Any] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.true_divide: operator.truediv,
    np.floor_divide: operator.floordiv, np.remainder: operator.mod, np.negative: operator.neg, np.absolute: abs,
    np.equal: operator.eq, np.not_equal: operator.ne, np.less: operator.lt, np.less_equal: operator.le,
    np.greater: operator.gt, np.greater_equal: operator.ge,
}  # fmt: skip


def known(other: Any) -> bool:
    return other.__class__ is Number or isinstance(other, PLAIN)


def plain(other: Any) -> Any:
    """The bare value of a number, recorded or not."""
    return other.value if other.__class__ is Number else other
