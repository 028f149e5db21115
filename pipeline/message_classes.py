"""Protobuf messages of other projects, whose published classes import TensorFlow.

The classes are made from short definitions in a descriptor pool of their own, so that a process may
import the published ones too. Only numbers and types of fields, and their names in texts, matter on
the wire: enums are int32 there, and the fields of a `oneof` are ordinary ones. Fields without a
definition are kept when a message is parsed.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

_SCALARS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def message_classes(
    package: str, definitions: Mapping[str, Mapping[int, str]]
) -> dict[str, type[Any]]:
    """Returns the class of each message by name.

    >>> classes = message_classes("shop", {"Item": {1: "string id", 2: "map Price prices"},
    ...                                    "Price": {1: "repeated int64 cents"}})
    >>> item = classes["Item"](id="a")
    >>> item.prices["de"].cents.append(5)
    >>> len(item.SerializeToString())
    14

    Args:
      package: Name of their package.
      definitions: The fields of each message by number: the type, after `repeated` for a list or
        `map` for a map from strings, and the name. A type is a scalar or another message.
    """
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in definitions.items():
        message = file.message_type.add(name=name)
        for number, text in fields.items():
            _add_field(message, package, number, text)
    # Without a pool among its arguments, this creates one, in all versions of protobuf.
    classes = message_factory.GetMessages([file])
    return {name: classes[f"{package}.{name}"] for name in definitions}


def _add_field(message: DescriptorProto, package: str, number: int, text: str) -> None:
    """Adds the field with a definition to a message."""
    *kinds, type_name, name = text.split()
    field = message.field.add(name=name, number=number)
    optional, repeated = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
    field.label = repeated if kinds else optional
    if kinds == ["map"]:
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, package, 1, "string key")
        _add_field(entry, package, 2, f"{type_name} value")
        type_name = f"{message.name}.{entry.name}"
    if type_name in _SCALARS:
        field.type = _SCALARS[type_name]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{package}.{type_name}"
