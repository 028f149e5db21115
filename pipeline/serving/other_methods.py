"""Classify, Regress and MultiInference, for which pushed models have no signatures."""

from pipeline.serving.request_error import Code, RequestError, invalid
from pipeline.serving.servable import Servable
from schemas.serving import DEFAULT

_KINDS = {
    "tensorflow/serving/classify": "classification",
    "tensorflow/serving/regress": "regression",
}


def refusal(servable: Servable, method_name: str, signature_name: str = "") -> RequestError:
    """Returns the error of a request for a method other than predict.

    The codes and messages are those of TF Serving with --enable_signature_method_name_check.
    Without it, the code is the same and the message is about the number of inputs:
    https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/servables/tensorflow/classifier.cc

    Args:
      servable: The version that the request names.
      method_name: The method as a signature names it, such as tensorflow/serving/classify.
      signature_name: The signature of the request, "" for the default.
    """
    name = signature_name or DEFAULT
    if name not in servable.definitions:
        return invalid(f"No signature was found with the name: {name}")
    if method_name not in _KINDS:
        return RequestError(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {method_name}")
    found = servable.definitions[name].method_name
    return invalid(
        f"Expected {_KINDS[method_name]} signature method_name to be {method_name}. Was: {found}"
    )
