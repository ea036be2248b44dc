"""The stock voice's convolutions, as products of matrices, compute the same integers."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.onnx import cpu_session
from engine.stock.convolutions import with_products

RANDOM = np.random.default_rng(12)
KINDS = {
    "one tap": ((96, 64, 1), {}),
    "three taps": ((64, 64, 3), {"pads": [1, 1]}),
    "far apart": ((64, 64, 7), {"pads": [15, 15], "dilations": [5]}),
    "to one side": ((64, 48, 5), {"pads": [4, 0]}),
    "no padding": ((64, 48, 5), {}),
}


def convolution(shape: tuple[int, int, int], attributes: dict[str, list[int]]) -> bytes:
    constants = {
        "weights": RANDOM.integers(0, 256, shape).astype(np.uint8),
        "weights_zero": np.array(131, np.uint8),
        "zero": np.array(77, np.uint8),
    }
    node = helper.make_node(
        "ConvInteger", ["sound", "weights", "zero", "weights_zero"], ["sums"], **attributes
    )
    graph = helper.make_graph(
        [node],
        "test",
        [helper.make_tensor_value_info("sound", TensorProto.UINT8, (1, shape[1], None))],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)])
    return model.SerializeToString()


def kinds_of_nodes(model: bytes) -> set[str]:
    return {node.op_type for node in onnx.load_model_from_string(model).graph.node}


@pytest.mark.parametrize("kind", KINDS)
def test_the_sums_are_the_same(kind: str) -> None:
    model = convolution(*KINDS[kind])
    replaced = with_products(model)
    assert "ConvInteger" not in kinds_of_nodes(replaced)
    sound = RANDOM.integers(0, 100, (1, KINDS[kind][0][1], 200)).astype(np.uint8)
    before, after = (cpu_session(one, 1).run(None, {"sound": sound}) for one in (model, replaced))
    assert np.array_equal(before, after)


def test_what_is_no_convolution_along_time_stays() -> None:
    """Neither strides nor a few channels have no product that is quicker."""
    for shape, attributes in (
        ((64, 64, 3), {"strides": [2]}),
        ((4, 4, 3), {}),
    ):
        model = convolution(shape, attributes)
        assert kinds_of_nodes(with_products(model)) == {"ConvInteger"}
