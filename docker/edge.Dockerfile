# The edge side, for linux/amd64 and linux/arm64. How to build and use it: docs/docker.md.
#
# The last stage starts from nothing: it holds Debian's Python with the libraries that Python needs, the
# installed wheel, and no shell, package manager or pip. On a base image that brings those along, the image
# would pass 350 MB on amd64, where NumPy, OpenCV and LiteRT with what they ask for take 320.

FROM debian:bookworm-slim AS build
# Debian takes old versions off its mirrors: a pinned one would not build next month.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/*

# Python and all that it depends on, unpacked as if nothing were installed (an empty `status`). The control
# fields stay, for scanners that look for packages with known holes; so do the licences. Packages compile
# their modules when they are installed, which these are not: without that, each start would. dpkg and tar
# come because readline's manual wants to be listed.
# hadolint ignore=DL3008
RUN mkdir -p /debs/partial /system/var/lib/dpkg/status.d \
    && touch /debs/status \
    && apt-get update \
    && apt-get install -y --no-install-recommends --download-only \
        -o Dir::State::status=/debs/status -o Dir::Cache::archives=/debs \
        libpython3.11-stdlib libstdc++6 python3.11-minimal \
    && rm /debs/dpkg_*.deb /debs/tar_*.deb \
    && for deb in /debs/*.deb; do \
        dpkg-deb -x "$deb" /system \
        && dpkg-deb -f "$deb" >"/system/var/lib/dpkg/status.d/$(dpkg-deb -f "$deb" Package)" \
        || exit 1; \
    done \
    && find /system/usr/share -mindepth 1 -maxdepth 1 ! -name doc -exec rm -r {} + \
    && find /system/usr/share/doc -type f ! -name copyright -delete \
    && python3 -m compileall -q -s /system -p / /system/usr/lib/python3.11 \
    && echo 'root:x:0:0::/:/sbin/nologin' >/system/etc/passwd \
    && echo 'edgeseg:x:1000:1000::/tmp:/sbin/nologin' >>/system/etc/passwd \
    && printf 'root:x:0:\nedgeseg:x:1000:\n' >/system/etc/group \
    && cp /usr/lib/os-release /system/etc/os-release \
    && mkdir -p /system/data /system/proc /system/sys /system/dev \
    && chown 1000:1000 /system/data \
    && install -d -m 1777 /system/tmp \
    && rm -rf /debs /var/lib/apt/lists/*

WORKDIR /src
COPY LICENSE README.md constraints.txt pyproject.toml ./
COPY edgeseg edgeseg
# PIP_CONSTRAINT holds for the tools that build the wheel, too.
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m pip wheel --no-deps --wheel-dir /wheels .

# Left out: what runs no model here. LiteRT's GPU part, which aborts on a Raspberry Pi 3 or 4, its compilers
# for other makers' accelerators (the arm64 wheel has none), and NumPy's tests. `edgeseg doctor` then runs a
# model with what is left.
RUN python3.11 -m venv --without-pip /opt/edgeseg \
    && python3 -m pip --python /opt/edgeseg/bin/python install /wheels/*.whl
WORKDIR /opt/edgeseg/lib/python3.11/site-packages
RUN rm ai_edge_litert/libLiteRtWebGpuAccelerator.so \
    && rm -rf ai_edge_litert/tools/apply_plugin_main ai_edge_litert/vendors \
    && find numpy -type d -name tests -prune -exec rm -r {} + \
    && /opt/edgeseg/bin/edgeseg doctor

FROM scratch
LABEL org.opencontainers.image.title="edgeseg" \
      org.opencontainers.image.description="Run, measure and check cell-segmentation models on small machines" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /system /
COPY --from=build /opt/edgeseg /opt/edgeseg
ENV PATH=/opt/edgeseg/bin:/usr/bin HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# The first user of a Raspberry Pi is 1000 as well, so results in a mounted folder are theirs.
USER 1000:1000
WORKDIR /data
ENTRYPOINT ["edgeseg"]
CMD ["--help"]
