"""Kokoro's convolutions as products of matrices, which onnxruntime computes in a third of the time.

onnxruntime's ConvInteger multiplies bytes without a sign, for which it does not use the
processor's dot products of bytes; MatMulInteger does, for bytes with a sign on its right. So a
convolution over C channels with K taps becomes the product of a matrix (time, K * C), each row of
which holds what the taps lie on, and one of (K * C, channels out). Both compute the same integers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: With fewer products for a sample, to rearrange the input costs more than is won.
_FEWEST_PRODUCTS = 4096


def with_products(model: bytes) -> bytes:
    """Return an ONNX model with its convolutions of bytes along time replaced."""
    parsed = onnx.load_model_from_string(model)
    graph = parsed.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if _is_replaceable(node, constants) and uses[node.input[1]] == 1:
            nodes += _product(node, constants, graph)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for at in reversed(range(len(graph.initializer))):
        if graph.initializer[at].name not in used:
            del graph.initializer[at]
    replaced: bytes = parsed.SerializeToString()
    return replaced


def largest_products() -> bytes:
    """A model of sums of the largest products there are, of `left`, uint8 (16, 128)."""
    right = np.full((128, 32), 127, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["left", "right"], ["sums"])],
        "check",
        [helper.make_tensor_value_info("left", onnx.TensorProto.UINT8, (16, 128))],
        [helper.make_tensor_value_info("sums", onnx.TensorProto.INT32, (16, 32))],
        [numpy_helper.from_array(right, "right")],
    )
    check = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)])
    serialised: bytes = check.SerializeToString()
    return serialised


def _is_replaceable(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> bool:
    if node.op_type != "ConvInteger" or len(node.input) != 4:
        return False
    weights, zero = constants.get(node.input[1]), constants.get(node.input[3])
    if weights is None or zero is None or len(weights.dims) != 3 or len(zero.dims) != 0:
        return False
    how = _attributes(node)
    return (
        weights.data_type == onnx.TensorProto.UINT8
        and weights.HasField("raw_data")
        and int(np.prod(weights.dims)) >= _FEWEST_PRODUCTS
        and how.get("group", 1) == 1
        and how.get("strides", [1]) == [1]
        and how.get("auto_pad", b"NOTSET") == b"NOTSET"
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def _product(
    node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto], graph: onnx.GraphProto
) -> Iterator[onnx.NodeProto]:
    """The nodes in place of a ConvInteger, whose weights are rearranged where they are.

    Its input is (1, C, time), its zero point a scalar.
    """
    samples, weights, zero, weights_zero = node.input
    how = _attributes(node)
    (step,) = how.get("dilations", [1])
    before, after = how.get("pads", [0, 0])
    taps = numpy_helper.to_array(constants[weights])  # (channels out, C, K)
    outs, channels, width = taps.shape

    def constant(name: str, value: np.ndarray | int | list[int] | list[list[int]]) -> str:
        tensor = numpy_helper.from_array(np.asarray(value), f"{node.output[0]}/{name}")
        graph.initializer.append(tensor)
        return tensor.name

    def operator(kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> onnx.NodeProto:
        output = f"{node.output[0]}/{name}"
        return helper.make_node(kind, inputs, [output], name=output, **attributes)

    yield (last := operator("Transpose", [samples], "by_time", perm=[0, 2, 1]))
    if before or after:
        pads = constant("pads", [0, before, 0, 0, after, 0])
        yield (last := operator("Pad", [*last.output, pads, zero], "padded"))
    if width > 1:
        # What the taps lie on, (1, time, K, C), is gathered by their places in time, (time, K).
        first, one = constant("first", 0), constant("one", 1)
        yield (sizes := operator("Shape", last.output, "sizes"))
        yield (length := operator("Gather", [*sizes.output, one], "length"))
        reach = constant("reach", (width - 1) * step)
        yield (count := operator("Sub", [*length.output, reach], "count"))
        yield (starts := operator("Range", [first, *count.output, one], "starts"))
        yield (column := operator("Unsqueeze", [*starts.output, constant("axis", [1])], "column"))
        offsets = constant("offsets", [list(range(0, width * step, step))])
        yield (places := operator("Add", [*column.output, offsets], "places"))
        yield (last := operator("Gather", [*last.output, *places.output], "taps", axis=1))
        shape = constant("shape", [1, -1, width * channels])
        yield (last := operator("Reshape", [*last.output, shape], "matrix"))
    tensor = constants[weights]
    tensor.data_type, tensor.dims[:] = onnx.TensorProto.INT8, (width * channels, outs)
    tensor.raw_data = _signed(taps.transpose(2, 1, 0)).tobytes()
    signed_zero = constant("weights_zero", _signed(numpy_helper.to_array(constants[weights_zero])))
    products = [*last.output, weights, zero, signed_zero]
    yield (last := operator("MatMulInteger", products, "sums"))
    yield helper.make_node("Transpose", last.output, node.output, name=node.name, perm=[0, 2, 1])


def _signed(unsigned: np.ndarray) -> np.ndarray:
    """Each byte 128 less, and so with a sign."""
    return (unsigned ^ np.uint8(128)).view(np.int8)
