import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import SettingError
from heldout.nets.net import Net
from heldout.nets.text import language

EXAMPLES = (
    "conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, flatten, dense 128, relu, dropout 0.5",
    "conv 8 3 stride 2 same init he l2 0.001 frozen, batchnorm momentum 0.99 epsilon 1e-3, gelu, globalpool",
    "conv 4 3x5, tanh, avgpool 2 stride 1 same, residual(conv 4 3 same, batchnorm, relu), globalpool max",
    "flatten, dense 3 init xavier, sigmoid, linear",
    "globalpool",
)


@pytest.mark.parametrize("spec", EXAMPLES)
def test_every_word_of_the_language_is_read_and_placed(spec):
    assert Net(spec).count((28, 28, 1), 10) > 0


def test_a_list_of_layers_equals_the_line():
    assert Net(["conv 4 3, relu", "flatten"]) == Net("conv 4 3, relu,  flatten")


@pytest.mark.parametrize("spec", EXAMPLES)
def test_a_net_reads_what_its_layers_say_of_themselves(spec):
    net = Net(spec)
    assert Net([str(layer) for layer in net.layers]) == net


def test_an_empty_net_is_a_softmax_regression():
    assert Net("").count((7,), 3) == 7 * 3 + 3


@pytest.mark.parametrize(
    ("spec", "wrong", "message"),
    [
        ("conv 32 3, rleu", "rleu", "did you mean 'relu'"),
        ("conv 32, relu", ",", "expected the size of the kernel after 'conv'"),
        ("conv 3.5 3", "3.5", "expected the number of filters"),
        ("conv 3 0", "0", "or two such as 3x5"),
        ("conv 3 3 strid 2", "strid", "did you mean 'stride'"),
        ("conv 3 3 stride", "", "expected the stride"),
        ("conv 3 3 same same", "same", "given twice"),
        ("dense 4 init glorott", "glorott", "did you mean 'glorot'"),
        ("dense 0", "0", "a whole number from 1"),
        ("dense 99999999", "99999999", "the number of units after 'dense' (a whole number from 1 to 1"),
        ("dense 5 relu", "relu", "no option 'relu'"),
        ("relu relu", "relu", "unexpected 'relu'"),
        ("relu, , relu", ",", "expected a layer"),
        ("residual(relu", "(", "never closed"),
        ("residual relu", "relu", "expected '('"),
        ("residual()", "residual", "without a layer"),
        ("relu)", ")", "unexpected ')'"),
        ("globalpool average max", "max", "unexpected 'max'"),
        ("dropout 1", "1", "the probability after 'dropout' (a number from 0 below 1)"),
        ("dropout nan", "nan", "a number"),
        ("dropout -1", "-1", "a number"),
        ("batchnorm momentum 1", "1", "the momentum after 'momentum' (a number from 0 below 1)"),
        ("maxpool", "", "expected the size of the window"),
        ("dense(3)", "(", "number of units"),
        ("relu (3)", "(", "only residual takes parentheses"),
        ("Conv 3 3", "Conv", "did you mean 'conv'"),
    ],
)
def test_an_error_points_at_the_wrong_word(spec, wrong, message):
    with pytest.raises(SettingError, match=message.replace("(", r"\(").replace(")", r"\)")) as caught:
        Net(spec)
    line, marker = caught.value.what.splitlines()[-2:]
    assert line[marker.index("^") : marker.rindex("^") + 1].strip() in (wrong, "")
    assert caught.value.fix


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        ("conv 3 30, flatten", (28, 28, 1), "window of 30 is larger than what comes in"),
        ("conv 3 3, maxpool 2, maxpool 20, flatten", (28, 28, 1), "window of 20 is larger"),
        ("flatten, flatten", (28, 28, 1), "nothing to flatten"),
        ("conv 3 3", (28, 28, 1), "output layer needs one vector"),
        ("conv 3 3, flatten", (10,), "needs an image or a signal"),
        ("flatten, conv 3 3", (28, 28, 1), "needs an image or a signal"),
        ("globalpool", (10,), "needs an image or a signal"),
        ("conv 3 3x3, flatten", (10, 1), "two sides"),
        ("residual(flatten, dense 3)", (28, 28, 1), "cannot be added"),
        ("residual(conv 3 3), flatten", (28, 28, 1), "no stride"),
        ("dense 1000000, dense 1000000", (10,), "parameters"),
        ("relu", (0,), "rows of shape"),
        ("relu", (1, 2, 3, 4), "rows of shape"),
    ],
)
def test_a_net_that_does_not_fit_its_input_says_where(spec, shape, message):
    with pytest.raises(SettingError, match=message):
        Net(spec).plan(shape, 10)


def test_the_summary_lists_layer_shape_and_parameters():
    text = Net("conv 32 3, relu, maxpool 2, flatten, dense 128").summary((28, 28, 1), 10)
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "conv 1 conv 32 3 26 x 26 x 32 320" in rows
    assert "maxpool 1 maxpool 2 13 x 13 x 32 0" in rows
    assert "output dense 10 10 1,290" in rows
    assert rows[-1] == "parameters: 693,962, of which 693,962 trained"


def test_a_residual_part_of_another_shape_gets_a_shortcut():
    body = "residual(conv 32 3 stride 2 same, batchnorm)"
    names = [p.name for p in Net(f"{body}, globalpool").parameters((28, 28, 16), 10)]
    assert "residual 1 shortcut conv 1.kernel" in names
    same = [p.name for p in Net("residual(conv 16 3 same), globalpool").parameters((28, 28, 16), 10)]
    assert not any("shortcut" in name for name in same)


def test_a_net_is_read_placed_and_summed_up_without_torch():
    code = (
        "import sys, heldout as ho\n"
        "print(ho.Net('conv 8 3, relu, residual(conv 8 3 same, batchnorm), globalpool').summary((9, 9, 1), 3))\n"
        "assert not {'torch', 'sklearn', 'pandas'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "conv 8 3" in done.stdout


def test_multiplications_of_a_net_are_counted_by_hand():
    # 26 * 26 positions of 32 kernels of 9, then 21632 * 10
    assert Net("conv 32 3, relu, flatten").multiply_adds((28, 28, 1), 10) == 26 * 26 * 32 * 9 + 26 * 26 * 32 * 10


PIECES = [*language().words, "3", "0.5", "same", "stride", "(", ")", ",", "x", "é", "-1"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*language().words, "3", "0.5", "same", "stride", "(", ")", ",", "x", "é", "-1"]),
        max_size=12,
    )
)
def test_any_text_is_read_or_refused_with_a_remedy(words):
    refused, net = None, None
    try:
        net = Net(" ".join(words))
    except SettingError as error:
        refused = error
    assert net == Net(net.spec) if net else refused.fix and "character" in refused.what
