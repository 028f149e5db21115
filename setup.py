"""The `twotower` distribution: what it contains and what it needs.

Versions are stated here only: the locks in `requirements/` are solved from this file (`make lock`),
and `twotower doctor` compares the installed versions with this file's metadata.
"""

from setuptools import find_packages, setup

# The ScaNN op is compiled against one TensorFlow ABI, and TFX, TFRS and Beam agree on few others.
# The members of a set move together or not at all. The Python version of an environment decides
# which set it contains. TFX 1.21 (TFDV, ML Metadata) needs glibc 2.39, so that older systems need
# the older set; `requirements/python3.12.overrides` states where the newer set departs from the
# requirements that its members declare.
VERSION_SETS = {
    "3.10": [
        "tensorflow==2.16.2",
        "tf-keras==2.16.0",
        "tensorflow-recommenders==0.7.7",
        "tfx[kfp]==1.16.0",
        "kfp==2.5.0",
        "tensorflow-transform==1.16.0",
        "tensorflow-data-validation==1.16.1",
        "tensorflow-metadata==1.16.1",
        "tensorflow-serving-api==2.16.1",
        "tfx-bsl==1.16.1",
        "ml-metadata==1.16.0",
        "apache-beam==2.64.0",
        "scann==1.3.2",
        "numpy==1.26.4",
        "protobuf==3.20.3",
        "pyarrow==10.0.1",
        "pandas==1.5.3",
    ],
    "3.12": [
        "tensorflow==2.20.0",
        "tf-keras==2.20.1",
        "tensorflow-recommenders==0.7.7",
        # The kfp extra of TFX 1.21 is empty on Python 3.12.
        "tfx==1.21.0",
        "kfp==2.16.1",
        "tensorflow-transform==1.21.0",
        "tensorflow-data-validation==1.21.0",
        "tensorflow-metadata==1.21.0",
        "tensorflow-serving-api==2.19.1",
        "tfx-bsl==1.21.0",
        "ml-metadata==1.21.0",
        "apache-beam==2.77.0",
        "scann==1.4.2",
        "numpy==2.4.6",
        "protobuf==6.33.6",
        "pyarrow==18.1.0",
        "pandas==2.3.3",
    ],
}

setup(
    name="twotower",
    version="0.1.0",
    description="From a raw interaction log to a served two-tower retrieval model, in one command.",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10,!=3.11.*,<3.13",
    packages=find_packages(
        include=["pipeline", "pipeline.*", "components", "components.*", "schemas", "schemas.*"]
    ),
    package_data={
        "": [
            "**/*.yaml",
            "**/*.pbtxt",
            "**/*.html",
            "**/*.j2",
            # The page of `twotower explore`.
            "**/*.css",
            "**/*.js",
            "**/*.svg",
        ]
    },
    install_requires=[
        *(
            f'{requirement}; python_version == "{python}"'
            for python, requirements in VERSION_SETS.items()
            for requirement in requirements
        ),
        "absl-py>=1.4",
        "aiohttp>=3.9,<4",
        "altair>=6,<7",
        "fastavro>=1.9,<2",
        # Codecs of Avro files, which fastavro looks for: snappy and zstandard.
        "cramjam>=2.8",
        "backports.zstd>=1",
        "google-cloud-aiplatform>=1.60,<2",
        "google-crc32c>=1.5",
        # 1.48 is the last series without a requirement on protobuf 4 or later.
        "grpcio-health-checking>=1.48,<2",
        "jinja2>=3.1,<4",
        "markupsafe>=2",
        "orjson>=3.9",
        "packaging>=23",
        "prometheus-client>=0.20,<1",
        "pydantic>=2.7,<3",
        "pyyaml>=6,<7",
        "requests>=2.31,<3",
        "scikit-learn>=1.5,<2",
        # tensorflow-hub imports pkg_resources, which newer releases no longer have.
        "setuptools>=69,<81",
        "scipy>=1.11,<2",
        # TensorFlow requires the version that fits to it.
        "tensorboard>=2.16,<3",
        "threadpoolctl>=3,<4",
        "typer>=0.12,<1",
        "urllib3>=1.26,<3",
        # Its JavaScript bundle of Vega-Lite is written into report.html.
        "vl-convert-python>=1.9,<2",
        "zstandard>=0.22",
    ],
    extras_require={
        "dev": [
            "hypothesis>=6.100",
            "mypy>=1.10",
            "pandas-stubs",
            "pip",
            # Drives an installed Chromium in tests of web pages.
            "playwright>=1.49,<2",
            "pytest>=8",
            "pytest-cov>=5",
            "pytest-xdist>=3.5",
            # An independent implementation, which tests hold our metrics to.
            "rectools>=0.13,<1",
            "ruff>=0.6",
            "types-PyYAML",
            "uv>=0.5",
        ],
    },
    entry_points={"console_scripts": ["twotower = pipeline.cli:main"]},
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
