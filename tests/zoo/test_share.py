"""Time by layer: the counts are exact, the times are only required to be times."""

from __future__ import annotations

import pytest
import torch

from course_lib.zoo import NETWORKS, time_share


@pytest.mark.parametrize("name", ["alexnet", "resnet18"])
def test_the_share_table_has_every_layer_with_its_macs_and_a_time(name: str) -> None:
    threads = torch.get_num_threads()
    report = time_share(name, repeat=2)
    assert torch.get_num_threads() == threads
    counted = {layer.name: layer.macs for layer in NETWORKS[name].layers}
    timed = {row["layer"]: row["macs"] for row in report}
    assert {label: timed[label] for label in counted} == counted
    assert sum(report["macs"]) == NETWORKS[name].macs
    assert all(row["ms"] > 0 for row in report if row["macs"])
    assert sum(report["macs %"]) == pytest.approx(100, abs=0.5) and sum(report["time %"]) == pytest.approx(100, abs=0.5)
    assert report["layer"][-1] == "(between layers)" and "Convolution: 9" in report.note


def test_convolution_takes_most_of_resnets_measured_time() -> None:
    report = time_share("resnet18", repeat=3)
    time = {kind: sum(row["time %"] for row in report if row["kind"] == kind) for kind in set(report["kind"])}
    assert max(time, key=time.__getitem__) == "conv"


@pytest.mark.parametrize(("words", "sentence"), [({"repeat": 0}, "repeat: want at least 1"), ({"threads": 1.5}, "threads: want a whole")])
def test_bad_words_are_errors(words: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        time_share("alexnet", **words)
