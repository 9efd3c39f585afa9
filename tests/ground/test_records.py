"""Records print well in a terminal, in a notebook and as CSV; a Trace counts what is in it."""

import csv
import io

import numpy as np
import pytest

from course_lib import Buffer, History, Report, Timeline, Trace


def report():
    return Report(
        {
            "layer": ["conv1", "fc", "last"], "MACs": [5038848, 7, None], "share": [1 / 3, 2.0, float("inf")],
            "note": ["the slide", '<b> & "c"', None], "ok": [True, False, None],
        },
        title="three layers", note="fetched once",
    )  # fmt: skip


def test_a_table_prints_like_a_table():
    lines = str(report()).split("\n")
    assert lines == [
        "three layers",
        "layer       MACs   share  note       ok",
        "-----  ---------  ------  ---------  ---",
        "conv1  5,038,848  0.3333  the slide  yes",
        'fc             7       2  <b> & "c"  no',
        "last           -     inf  -          -",
        "fetched once",
    ]
    assert repr(report()) == str(report())


def test_html_is_escaped():
    text = Report({"<x>": ["<script>alert(1)</script>"]}, title="a & b", note="<i>")._repr_html_()
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;x&gt;" in text and "a &amp; b" in text and "&lt;i&gt;" in text
    assert text.count("<td") == 1 and text.count("<th ") == 1


def test_csv_reads_back():
    rows = list(csv.reader(io.StringIO(report().csv())))
    assert rows[0] == ["layer", "MACs", "share", "note", "ok"] and rows[2] == ["fc", "7", "2.0", '<b> & "c"', "False"]
    assert len(rows) == 4 and rows[3][1] == ""


def test_columns_rows_and_sorting():
    table = report()
    assert len(table) == 3 and table["layer"] == ["conv1", "fc", "last"] and next(iter(table))["MACs"] == 5038848
    assert Report.of(list(table)) == table and table.sort("layer", descending=True)["layer"] == ["last", "fc", "conv1"]
    with pytest.raises(KeyError, match="no column 'macs'; there are layer, MACs"):
        table["macs"]
    with pytest.raises(ValueError, match="columns: want one length"):
        Report({"a": [1], "b": []})
    with pytest.raises(ValueError, match="rows: want the columns"):
        Report.of([{"a": 1}, {"b": 2}])
    assert len(Report({})) == 0 and len(Report.of([])) == 0


def test_a_history_knows_its_best_so_far():
    history = History({"config": ["a", "b", "c", "d"], "cost": [None, 3.0, 5.0, 2.0]})
    assert history.best() == [None, 3.0, 3.0, 2.0]
    with pytest.raises(ValueError, match="a History needs 'cost'"):
        History({"config": []})


def test_a_timeline_knows_its_utilisation():
    timeline = Timeline(("PE 0", "PE 1"), ("mac",), np.array([[0, -1], [0, 0]]))
    assert timeline.cycles == 2 and timeline.utilisation == 0.75


def trace():
    buffers = Buffer("IA", (4,), 4, 4096), Buffer("OA", (2,), 8, 8192)
    tensor, address = np.array([0, 0, 1, 0], np.int16), np.array([4096, 4100, 8200, 4100])
    return Trace(buffers, tensor, address, np.array([False, False, True, False]), np.arange(4), 1, {"compare": 2})


def test_a_trace_counts_what_is_in_it():
    t = trace()
    assert len(t) == 4 and t.loads() == 3 and t.loads("IA") == 3 and t.stores("OA") == 1 and t.stores("IA") == 0
    assert t.element("IA").tolist() == [0, 1, 1] and t.element("OA").tolist() == [1] and t.buffers[1].nbytes == 16
    assert t.report()["distinct"] == [2, 1] and "1 MACs, 4 accesses" in str(t) and "<table" in t._repr_html_()
    with pytest.raises(KeyError, match="no tensor 'W' in the trace; there are IA, OA"):
        t.loads("W")
    with pytest.raises(ValueError, match="columns of one length"):
        Trace((), np.zeros(1), np.zeros(2), np.zeros(1), np.zeros(1))
