"""The messages of TF Serving's gRPC services that the client sends and receives.

The published stubs import those of TensorFlow, and so TensorFlow. A test compares these definitions
with them: numbers, names and types of fields.
"""

from pipeline.message_classes import message_classes

DEFINITIONS = {
    "Int64Value": {1: "int64 value"},
    "Any": {1: "string type_url", 2: "bytes value"},
    "Dim": {1: "int64 size"},
    "TensorShapeProto": {2: "repeated Dim dim", 3: "bool unknown_rank"},
    "TensorProto": {
        1: "int32 dtype",
        2: "TensorShapeProto tensor_shape",
        4: "bytes tensor_content",
        5: "repeated float float_val",
        6: "repeated double double_val",
        7: "repeated int32 int_val",
        8: "repeated bytes string_val",
        10: "repeated int64 int64_val",
        11: "repeated bool bool_val",
    },
    "TensorInfo": {2: "int32 dtype", 3: "TensorShapeProto tensor_shape"},
    "SignatureDef": {1: "map TensorInfo inputs", 2: "map TensorInfo outputs"},
    "SignatureDefMap": {1: "map SignatureDef signature_def"},
    "ModelSpec": {
        1: "string name",
        2: "Int64Value version",
        3: "string signature_name",
        4: "string version_label",
    },
    "PredictRequest": {1: "ModelSpec model_spec", 2: "map TensorProto inputs"},
    "PredictResponse": {1: "map TensorProto outputs", 2: "ModelSpec model_spec"},
    "GetModelMetadataRequest": {1: "ModelSpec model_spec", 2: "repeated string metadata_field"},
    "GetModelMetadataResponse": {1: "ModelSpec model_spec", 2: "map Any metadata"},
    "GetModelStatusRequest": {1: "ModelSpec model_spec"},
    "StatusProto": {1: "int32 error_code", 2: "string error_message"},
    "ModelVersionStatus": {1: "int64 version", 2: "int32 state", 3: "StatusProto status"},
    "GetModelStatusResponse": {1: "repeated ModelVersionStatus model_version_status"},
}


_CLASSES = message_classes("twotower.serving", DEFINITIONS)
SignatureDefMap = _CLASSES["SignatureDefMap"]
TensorProto = _CLASSES["TensorProto"]
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]
GetModelMetadataRequest = _CLASSES["GetModelMetadataRequest"]
GetModelMetadataResponse = _CLASSES["GetModelMetadataResponse"]
GetModelStatusRequest = _CLASSES["GetModelStatusRequest"]
GetModelStatusResponse = _CLASSES["GetModelStatusResponse"]
