"""Arrays as TensorProtos, and back."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.client.messages import TensorProto
from pipeline.serving.client.signature import DataType, TensorInfo, as_texts

# The field of a TensorProto with the values of a dtype.
VALUES = {
    DataType.DT_FLOAT: "float_val",
    DataType.DT_DOUBLE: "double_val",
    DataType.DT_INT32: "int_val",
    DataType.DT_STRING: "string_val",
    DataType.DT_INT64: "int64_val",
    DataType.DT_BOOL: "bool_val",
}


def tensor_proto(array: npt.NDArray[Any], dtype: DataType) -> Any:
    """Returns the TensorProto of an array; texts are bytes."""
    proto = TensorProto(dtype=dtype)
    # Without sizes, it is the shape of a scalar.
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if dtype is DataType.DT_STRING:
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = array.tobytes()
    return proto


def array_of(proto: Any) -> npt.NDArray[Any]:
    """Returns the array of a TensorProto; texts are str.

    Raises:
      ValueError: Its dtype is unknown, or its values do not fit its shape.
    """
    dtype = DataType(proto.dtype)
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, dtype.numpy).reshape(shape).copy()
    values = getattr(proto, VALUES[dtype])
    flat = np.full(int(np.prod(shape)), _last(values, dtype), dtype.numpy)
    if len(values) > len(flat):
        raise ValueError(f"{len(values)} values for the shape {shape}")
    flat[: len(values)] = values
    array = flat.reshape(shape)
    return as_texts(array) if dtype is DataType.DT_STRING else array


def _last(values: Any, dtype: DataType) -> Any:
    """Returns the last of the values, which are left out where they repeat it."""
    if len(values):
        return values[-1]
    return b"" if dtype is DataType.DT_STRING else 0


def tensor_info(proto: Any) -> TensorInfo:
    """Returns the dtype and the shape of an input or an output.

    Raises:
      ValueError: Its dtype is unknown.
    """
    dims = [dim.size for dim in proto.tensor_shape.dim]
    return TensorInfo(
        DataType(proto.dtype),
        None if proto.tensor_shape.unknown_rank else tuple(None if n < 0 else n for n in dims),
    )
