#!/usr/bin/env bash
# Build an image from its Dockerfile where there is no container engine and no registry, and use it.
#
#   docker/build_check.sh [--arch amd64|arm64] [--qemu PROGRAM --register-binfmt] [--image edge|train] [--keep]
#
# Debian's mirror and PyPI are asked, no registry is: in the place of debian:bookworm-slim stands a minimal
# Debian that mmdebstrap makes. buildah builds on it; runc runs the result as `docker run --read-only
# --tmpfs /tmp --network none` would. All is done in a temporary folder, which is removed at the end.
#
# Needs: root, and on Debian `apt-get install buildah mmdebstrap runc` (which may upgrade `login` and `passwd`).
#   --arch             of the image [default: this machine's]
#   --qemu             a static qemu-aarch64 of version 10 or later (Debian trixie's qemu-user), for another
#                      architecture than this machine's
#   --register-binfmt  let the kernel run that architecture's programs by --qemu until this script ends;
#                      that holds for the whole machine, so it is done on request alone
#   --image            edge, or train: about 15 GB of disk and of TensorFlow with CUDA's libraries
#   --keep             leave the image as edgeseg-IMAGE-ARCH.tar (OCI archive) in the current folder
set -euo pipefail
cd "$(dirname "$0")/.." && repository=$PWD && cd "$OLDPWD"
model=$repository/models/nih3t3_phase/unet-16_nih3t3_phase_256_int8-ptq.tflite
base=docker.io/library/debian:bookworm-slim
limit_mb=350

fail() { echo "$0: $*" >&2; exit 2; }
step() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }

arch='' qemu='' register='' image=edge keep=''
while [ $# -gt 0 ]; do
    case $1 in
        --arch | --qemu | --image) [ $# -gt 1 ] || fail "$1 takes a value" ;;&
        --arch) arch=$2; shift 2 ;;
        --qemu) qemu=$(realpath "$2"); shift 2 ;;
        --image) image=$2; shift 2 ;;
        --register-binfmt) register=yes; shift ;;
        --keep) keep=yes; shift ;;
        *) fail "unknown option $1; the comment at the top of this file lists them" ;;
    esac
done
[ -f "$repository/docker/$image.Dockerfile" ] || fail "there is no docker/$image.Dockerfile; --image edge or train"
here=$(dpkg --print-architecture 2>/dev/null) || fail "this needs Debian or a system made from it"
arch=${arch:-$here}
[ -z "$keep" ] || keep=$PWD/edgeseg-$image-$arch.tar
[ "$(id -u)" = 0 ] || fail "run it as root: it unpacks a system and mounts it"
for program in buildah mmdebstrap runc; do
    command -v "$program" >/dev/null || fail "$program is missing; apt-get install buildah mmdebstrap runc"
done

work=$(mktemp -d)
containers() { buildah --root "$work/store" --runroot "$work/run" "$@"; }
binfmt=/proc/sys/fs/binfmt_misc
registered='' mounted=''
clean() {
    set +e
    containers rm --all >/dev/null 2>&1
    umount -R "$work/store/overlay" 2>/dev/null
    [ -z "$registered" ] || echo -1 >"$binfmt/qemu-aarch64"
    [ -z "$mounted" ] || umount "$binfmt"
    rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 130' HUP INT TERM

if [ "$arch" != "$here" ] && ! grep -qs '^enabled' "$binfmt/qemu-aarch64"; then
    [ "$arch" = arm64 ] || fail "$arch cannot be emulated by this script, only arm64"
    if [ ! -x "$qemu" ] || [ -z "$register" ]; then
        fail "$arch programs do not run here; add --qemu PROGRAM --register-binfmt, or run this on such a machine"
    fi
    step "the kernel runs arm64 programs by $("$qemu" --version | head -1) until the end"
    [ -e "$binfmt/register" ] || { mount -t binfmt_misc binfmt_misc "$binfmt" && mounted=yes; }
    # The first 20 bytes of an ELF file for AArch64; F: opened now, so it works inside of other roots. It has
    # the name that mmdebstrap looks for.
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":qemu-aarch64:M::$magic:$mask:$qemu:OCF" >"$binfmt/register"
    registered=yes
fi

step "stand-in for $base ($arch)"
mirror=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' | grep -v security | sort -u | head -1)
[ -n "$mirror" ] || fail "apt has no package lists; run apt-get update"
mkdir "$work/base"
mmdebstrap --quiet --variant=minbase --architectures="$arch" --include=ca-certificates \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' bookworm "$work/base/base.tar" \
    "deb $mirror bookworm main" "deb $mirror bookworm-updates main" "deb $mirror-security bookworm-security main"
printf 'FROM scratch\nADD base.tar /\n' >"$work/base/Dockerfile"
containers bud -q --isolation=chroot --platform "linux/$arch" -t "$base" "$work/base" >/dev/null
rm "$work/base/base.tar"

step "docker/$image.Dockerfile"
# The certificates of this machine, because a proxy of its network may have one of its own. Package ca-certificates
# could not write there, so the stand-in has it already.
containers bud --pull-never --isolation=chroot --network=host --platform "linux/$arch" \
    -v /etc/ssl/certs:/etc/ssl/certs:ro -f "$repository/docker/$image.Dockerfile" -t edgeseg "$repository" \
    >"$work/build.log" 2>&1 || { tail -40 "$work/build.log" >&2; fail "docker/$image.Dockerfile does not build"; }

step "what is in it"
containers inspect --type image edgeseg >"$work/image.json"
root=$(containers mount "$(containers from --pull-never edgeseg)")
bytes=$(find "$root" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
echo "size: $((bytes / 1000000)) MB of files, $(containers images --format '{{.Size}}' --filter reference=edgeseg) as buildah counts"
if [ "$image" = edge ]; then
    [ "$bytes" -le "${limit_mb}000000" ] || fail "the image is larger than $limit_mb MB"
    left=$(find "$root" -xdev \( -name 'pip' -o -name 'pip[0-9]*' -o -name 'gcc*' -o -name 'cc' -o -name 'apt*' \
        -o -name 'dpkg*' -o -name 'sh' -o -name 'bash' -o -name 'ensurepip' \) \
        \( -path '*/bin/*' -o -path '*/site-packages/*' \) -printf '%P ')
    [ -z "$left" ] || fail "the image still holds $left"
fi
left=$(find "$root" -xdev -type f -perm /6000 -printf '%P ')
[ "$image" != edge ] || [ -z "$left" ] || fail "the image holds programs that change their user: $left"

# in_image [FROM:TO[:ro] ...] -- [ARGUMENT ...]: one container, which is gone when it ends.
in_image() {
    rm -rf "$work/bundle" && mkdir "$work/bundle"
    runc spec --bundle "$work/bundle"
    python3 "$repository/docker/bundle.py" "$work/bundle" "$root" "$@" <"$work/image.json"
    runc --root "$work/runc" run --bundle "$work/bundle" edgeseg
}
user=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["OCIv1"]["config"]["User"])' <"$work/image.json")
[ "${user%%:*}" != 0 ] || fail "the image's user is root"
mkdir "$work/data" "$work/models" && chown "$user" "$work/data"
cp "$model" "${model%.tflite}.json" "$work/models"

use() {
    step "edgeseg $*"
    in_image "$work/data:/data" "$work/models:/models:ro" -- "$@"
}
name=$(basename "$model")
use --version
use doctor
use inspect "/models/$name"
use data synth synthetic --count 12 --size 256
use predict "/models/$name" synthetic/images/synth_0000.png --out masks
use bench /models --data synthetic --quick --out bench.json
if [ "$image" = train ]; then
    use train synthetic --out run --preset unet-8 --epochs 10
    use export run --out exported --variant float16
fi
stat -c '%u:%g %n' "$work/data/"*

if [ -n "$keep" ]; then
    containers push -q edgeseg "oci-archive:$keep:edgeseg"
    step "$keep: $(($(stat -c %s "$keep") / 1000000)) MB"
fi
step "done"
