"""The options of the traffic log on the command line."""

from components.user_hash import read_user_key
from pipeline.serving.traffic_files import FileSettings
from pipeline.serving.traffic_log import TrafficSettings
from pipeline.serving.traffic_record import RecordSettings
from schemas.errors import InputError


def traffic_settings(
    folder: str | None, sample: float | None, key_path: str | None
) -> TrafficSettings | None:
    """Returns the settings of the traffic log; None without a folder.

    Args:
      folder: The folder of the log.
      sample: The share of users that are logged; None for all.
      key_path: The file of the key of user ids; None to log them as they are.

    Raises:
      InputError: An option is given without a folder, the share is 0, or there is no valid key.
    """
    if folder is None:
        for option, value in (("--traffic-sample", sample), ("--traffic-user-key", key_path)):
            if value is not None:
                raise InputError(f"{option} {value}: requires --traffic-log DIR")
        return None
    if sample is not None and not 0 < sample <= 1:
        raise InputError(
            f"--traffic-sample {sample}: expected a share above 0 and at most 1; without a log, "
            "leave out --traffic-log"
        )
    key = b"" if key_path is None else read_user_key(key_path)
    share = 1.0 if sample is None else sample
    return TrafficSettings(FileSettings(folder), RecordSettings(share, key))
