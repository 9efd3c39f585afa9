"""The cache simulator as machine code: what `simulate` runs, an access at a time.

Fast because the order of use is a time stamp a line and not the order of an array: nothing is shifted; because each set remembers
where it was touched last and looks there first; and because a first-level hit never reaches the general part. Importing it
brings numba, so `cache.py` does that when it simulates. Functions of the file and not inside another one: only so numba finds them again.
"""

from __future__ import annotations

import numpy as np

from .compiled import kept

SOURCE = "as cache.py; its slow twin there is the witness"


@kept
def find(line, at, ways, tags):  # type: ignore[no-untyped-def]  # numba infers the types
    for way in range(ways):
        if tags[at + way] == line:
            return way
    return -1


@kept
def victim(at, ways, policy, tags, used, bits):  # type: ignore[no-untyped-def]  # numba infers the types
    """Which way of a set takes the new line: an empty one, else the one that the policy gives up."""
    if policy < 2:  # the oldest stamp: of use (lru) or of arrival (fifo); an empty way has stamp 0
        oldest = 0
        for way in range(1, ways):
            if used[at + way] < used[at + oldest]:
                oldest = way
        return oldest
    for way in range(ways):
        if tags[at + way] < 0:
            return way
    node = 1
    while node < ways:  # each bit of the tree points at the half not used of late
        node = 2 * node + bits[at + node]
    return node - ways


@kept
def point_away(at, ways, way, bits):  # type: ignore[no-untyped-def]  # numba infers the types
    node = way + ways
    while node > 1:
        bits[at + node // 2] = 1 - (node & 1)
        node //= 2


@kept
def run(  # type: ignore[no-untyped-def]  # numba infers the types
    addresses, stores, tensors, bytes_a_line, shape, counts, first, first_set, mask, likely, tags, used, dirty, owner, bits, clock
):  # fmt: skip
    levels = shape.shape[0]
    shift = 0
    while 1 << shift < bytes_a_line:
        shift += 1
    shifted = 1 << shift == bytes_a_line
    todo_level = np.zeros(2 * levels + 4, np.int64)
    todo_line = np.zeros(2 * levels + 4, np.int64)
    todo_kind = np.zeros(2 * levels + 4, np.int64)  # 0 load, 1 store, 2 a dirty line from above
    todo_tensor = np.zeros(2 * levels + 4, np.int64)
    top_sets, top_mask, top_policy = shape[0, 0], mask[0], shape[0, 2]
    now = clock[0]
    for n in range(addresses.size):
        line = addresses[n] >> shift if shifted else addresses[n] // bytes_a_line
        now += 1
        place = likely[line & top_mask if top_mask >= 0 else line % top_sets]
        if tags[place] == line and top_policy < 2:
            if top_policy == 0:
                used[place] = now
            if stores[n]:
                dirty[place] = True
            owner[place] = tensors[n]
            counts[0, tensors[n], 0] += 1
            continue
        todo_level[0], todo_line[0], todo_kind[0], todo_tensor[0] = 0, line, 1 if stores[n] else 0, tensors[n]
        depth = 1
        while depth:
            depth -= 1
            level, line, kind, tensor = todo_level[depth], todo_line[depth], todo_kind[depth], todo_tensor[depth]
            sets, ways, policy = shape[level, 0], shape[level, 1], shape[level, 2]
            which = line & mask[level] if mask[level] >= 0 else line % sets
            at = first[level] + which * ways
            way = find(line, at, ways, tags)
            hit = way >= 0
            now += 1
            if kind == 2:
                counts[level, tensor, 2] += 1
            elif hit:
                counts[level, tensor, 0] += 1
            else:
                counts[level, tensor, 1] += 1
            if not hit:
                way = victim(at, ways, policy, tags, used, bits)
            place = at + way
            if not hit:
                if kind != 2 and level + 1 < levels:  # the fetch is done after the write-back: last in, first out
                    todo_level[depth], todo_line[depth], todo_kind[depth], todo_tensor[depth] = level + 1, line, 0, tensor
                    depth += 1
                if dirty[place]:
                    counts[level, owner[place], 3] += 1
                    if level + 1 < levels:
                        todo_level[depth], todo_line[depth], todo_kind[depth] = level + 1, tags[place], 2
                        todo_tensor[depth] = owner[place]
                        depth += 1
                tags[place], dirty[place] = line, False
            likely[first_set[level] + which] = place
            owner[place] = tensor
            if kind:
                dirty[place] = True
            if policy == 0 or (policy == 1 and not hit):
                used[place] = now
            elif policy == 2:
                point_away(at, ways, way, bits)
    clock[0] = now


@kept
def flush(shape, counts, first, tags, dirty, owner):  # type: ignore[no-untyped-def]  # numba infers the types
    levels = shape.shape[0]
    for level in range(levels):  # what is dirty at the end is written down, to the first level that has the line
        for place in range(first[level], first[level + 1]):
            line, tensor, deeper, moving = tags[place], owner[place], level, dirty[place]
            while moving:
                counts[deeper, tensor, 3] += 1
                deeper += 1
                if deeper == levels:
                    break
                counts[deeper, tensor, 2] += 1
                at = first[deeper] + (line % shape[deeper, 0]) * shape[deeper, 1]
                way = find(line, at, shape[deeper, 1], tags)
                if way >= 0:
                    dirty[at + way] = True
                    moving = False
