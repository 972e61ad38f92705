"""Convolution and pooling against PyTorch, slopes by trying, and the worked examples of the course."""

import numpy as np
import pytest
import torch
from torch.nn import functional as f

from heldout_course.scratch.convolution import convolution_backward, convolution_forward, convolve, output_side
from heldout_course.scratch.descent import numerical_gradient
from heldout_course.scratch.pooling import pool_backward, pool_forward

DIGIT = np.array([[60, 248, 67, 0], [145, 253, 54, 0], [145, 253, 54, 33]])
SHARPEN = np.array([[0, -1, 0], [-1, 3, -1], [0, -1, 0]])

MAPS = np.array(
    [
        [[-1, 2, 2, -2, -2], [-1, 0, 2, 0, 2], [1, 2, 2, 1, -2], [-1, 2, 2, 2, 2], [1, -1, 1, 0, -1]],
        [[2, -2, -1, -2, -2], [1, 1, 2, 1, -2], [2, 2, -1, -1, 0], [-1, -1, 2, -2, 2], [-1, -2, 0, -2, 0]],
    ]
)
K0 = [[[1, -1, 1], [1, -1, 0], [-1, -1, 1]], [[-1, 0, 0], [1, 1, -1], [0, 0, 1]]]
K1 = [[[0, -1, 0], [-1, 1, -1], [-1, 1, 0]], [[0, 1, 0], [0, 1, 1], [0, 0, 0]]]
K2_PRINTED = [[[1, 0, 0], [-1, 0, 0], [0, -1, 0]], [[-1, 1, 1], [1, 0, 1], [-1, 0, 0]]]
K2 = [[[1, 0, 0], [-1, 0, 0], [0, -1, 0]], [[-1, 1, 1], [0, 0, 1], [-1, 0, 0]]]  # a 0 where the print has a 1


def channels_last(maps):
    return np.moveaxis(np.array(maps), -3, -1)


def layer(k2):
    filters = channels_last([K0, K1, k2])
    return convolution_forward(channels_last(MAPS)[None], filters, np.array([1, 0, 2]))[0]


def test_one_kernel_on_a_digit_gives_the_printed_numbers():
    assert convolve(DIGIT, SHARPEN).tolist() == [[59, -212]]
    padded = convolve(DIGIT, SHARPEN, padding=1)
    assert padded.shape == DIGIT.shape
    assert padded[0, 0] == -213
    assert padded.dtype.kind == "i"
    assert (output_side(28, 3), output_side(28, 3, padding=1), output_side(28, 5)) == (26, 28, 24)


def test_the_layer_of_the_course_gives_the_printed_maps():
    output = layer(K2)
    assert output[:, :, 0].tolist() == [[-5, -3, 6], [8, -4, 2], [-6, 1, -3]]
    assert output[:, :, 1].tolist() == [[-1, 2, -6], [4, -3, 1], [0, -3, -5]]
    assert output[:, :, 2].tolist() == [[-5, 0, -3], [0, 0, -5], [7, -3, 4]]
    assert convolve(MAPS[0], np.array(K0[0])).tolist() == [[-3, -7, -1], [1, -4, 3], [-1, 1, -3]]
    assert convolve(MAPS[1], np.array(K0[1])).tolist() == [[-3, 3, 6], [6, -1, -2], [-6, -1, -1]]


def test_the_third_filter_as_printed_gives_other_numbers():
    assert layer(K2_PRINTED)[:, :, 2].tolist() == [[-4, 1, -1], [2, 2, -6], [6, -4, 6]]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1), (2, 2), (3, 1)])
def test_a_layer_computes_what_pytorch_computes_forward_and_backward(stride, padding):
    random = np.random.default_rng(0)
    X, filters, bias = random.standard_normal((2, 7, 11, 3)), random.standard_normal((5, 3, 2, 3)), random.random(5)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (X, filters, bias)]
    x, w, b = tensors
    expected = f.conv2d(x.permute(0, 3, 1, 2), w.permute(0, 3, 1, 2), b, stride, padding).permute(0, 2, 3, 1)
    ours = convolution_forward(X, filters, bias, stride=stride, padding=padding)
    np.testing.assert_allclose(ours, expected.detach(), atol=1e-12)
    slope = random.standard_normal(ours.shape)
    expected.backward(torch.from_numpy(slope))
    found = convolution_backward(slope, X, filters, stride=stride, padding=padding)
    for gradient, tensor in zip(found, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad, atol=1e-12)


def test_slopes_of_a_layer_are_those_found_by_trying():
    random = np.random.default_rng(1)
    X, filters, bias = random.standard_normal((2, 5, 4, 2)), random.standard_normal((3, 2, 2, 2)), random.random(3)
    slope = random.standard_normal((2, 4, 3, 3))
    found = convolution_backward(slope, X, filters)
    for parameter, gradient in zip((X, filters, bias), found, strict=True):
        tried = numerical_gradient(lambda: float((slope * convolution_forward(X, filters, bias)).sum()), parameter)
        np.testing.assert_allclose(gradient, tried, atol=1e-7)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (2, 1), (3, 2), (3, None)])
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_computes_what_pytorch_computes_forward_and_backward(size, stride, kind):
    random = np.random.default_rng(2)
    X = random.standard_normal((2, 7, 10, 3))
    x = torch.from_numpy(X).requires_grad_()
    pool = f.max_pool2d if kind == "max" else f.avg_pool2d
    expected = pool(x.permute(0, 3, 1, 2), size, stride).permute(0, 2, 3, 1)
    ours = pool_forward(X, size, stride=stride, kind=kind)
    np.testing.assert_allclose(ours, expected.detach(), atol=1e-12)
    slope = random.standard_normal(ours.shape)
    expected.backward(torch.from_numpy(slope))
    np.testing.assert_allclose(pool_backward(slope, X, size, stride=stride, kind=kind), x.grad, atol=1e-12)


def test_of_equal_numbers_in_a_window_one_gets_the_slope():
    assert pool_backward(np.ones((1, 1, 1, 1)), np.zeros((1, 2, 2, 1)))[0, :, :, 0].tolist() == [[1, 0], [0, 0]]


def test_a_dense_layer_is_a_convolution_with_a_kernel_as_large_as_its_input():
    random = np.random.default_rng(3)
    X, W, b = random.standard_normal((2, 4, 5, 3)), random.standard_normal((7, 60)), random.standard_normal(7)
    filters = W.reshape(7, 4, 5, 3)
    np.testing.assert_allclose(convolution_forward(X, filters, b)[:, 0, 0], X.reshape(2, 60) @ W.T + b)
    larger = random.standard_normal((1, 6, 8, 3))
    maps = convolution_forward(larger, filters, b)
    assert maps.shape == (1, 3, 4, 7)
    np.testing.assert_allclose(maps[0, 2, 1], larger[0, 2:6, 1:6].ravel() @ W.T + b)
