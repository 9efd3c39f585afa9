"""Copied answers are found through new names and comments; honest short or common ones are not."""

from __future__ import annotations

from autograder.alike import LEAST, grams, pairs, shape_of

LONG = """
def conv2d(ia, wt, stride=1):
    '''a convolution'''
    N, C, H, W = ia.shape
    K, _, R, S = wt.shape
    P, Q = (H - R) // stride + 1, (W - S) // stride + 1
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                oa[n, k, p, q] += ia[n, c, p * stride + r, q * stride + s] * wt[k, c, r, s]
    return oa
"""
OTHER = """
def conv2d(ia, wt, stride=1):
    N, C, H, W = ia.shape
    K, C, R, S = wt.shape
    P = (H - R) // stride + 1
    Q = (W - S) // stride + 1
    rows = [[ia[n, :, p * stride : p * stride + R, q * stride : q * stride + S] for p in range(P) for q in range(Q)] for n in range(N)]
    oa = np.empty((N, K, P, Q))
    for n, windows in enumerate(rows):
        for i, window in enumerate(windows):
            for k in range(K):
                total = 0.0
                for c in range(C):
                    for r in range(R):
                        for s in range(S):
                            total = total + window[c, r, s] * wt[k, c, r, s]
                oa[n, k, i // Q, i % Q] = total
    return oa
"""


def renamed(source: str) -> str:
    for old, new in {"oa": "result", "'''a convolution'''": "# mine", "range(N)": "range( N )", "stride": "step"}.items():
        source = source.replace(old, new)
    return source


def classes(*sources: str) -> dict[str, dict[str, frozenset[tuple[str, ...]]]]:
    return {f"student {i}": {"conv2d": grams(shape_of(s))} for i, s in enumerate(sources)}


def test_a_copy_is_found_under_other_names() -> None:
    assert len(shape_of(LONG)) > LEAST
    assert [pair[:3] for pair in pairs(classes(LONG, renamed(LONG), OTHER))] == [("student 0", "student 1", 1.0)]


def test_an_answer_that_everybody_has_is_no_sign() -> None:
    assert pairs(classes(*[LONG] * 12, OTHER)) == []


def test_what_does_not_parse_is_like_nothing() -> None:
    assert shape_of("def f(:") == [] and pairs(classes("def f(:", "def f(:")) == []
