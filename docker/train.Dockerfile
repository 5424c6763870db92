# The host side on an NVIDIA GPU: training, compression, export. linux/amd64. How to use it: docs/docker.md.
#
# CUDA and cuDNN come as wheels with `tensorflow[and-cuda]` (extra `gpu`), not from TensorFlow's own GPU image:
# its Python and TensorFlow would have to be replaced by the pinned ones, and stay below as dead weight. The machine adds the driver alone, by NVIDIA's container toolkit.

FROM debian:bookworm-slim AS wheel
# Debian takes old versions off its mirrors: a pinned one would not build next month.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY LICENSE README.md constraints.txt pyproject.toml ./
COPY edgeseg edgeseg
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_NO_CACHE_DIR=1
RUN python3 -m pip wheel --no-deps --wheel-dir /wheels .

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --no-create-home --home-dir /tmp edgeseg \
    && install -d -o edgeseg -g edgeseg /data
COPY constraints.txt /opt/constraints.txt
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    python3 -m venv /opt/edgeseg \
    && wheel="$(echo /wheels/edgeseg-*.whl)" \
    && /opt/edgeseg/bin/pip install --no-cache-dir --disable-pip-version-check -c /opt/constraints.txt \
        "${wheel}[train,gpu,quantize,coco,report]" \
    && /opt/edgeseg/bin/edgeseg doctor
LABEL org.opencontainers.image.title="edgeseg-train" \
      org.opencontainers.image.description="Train, compress and export cell-segmentation models on a GPU" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/edgeseg/bin:/usr/bin:/bin HOME=/tmp LANG=C.UTF-8
USER 1000:1000
WORKDIR /data
ENTRYPOINT ["edgeseg"]
CMD ["--help"]
