# Run as `unshare --mount sh read_only.sh ENVIRONMENT PHOTOS VOLUMES`: serves, adds and searches as in the container and
# under systemd, where the root file system cannot be written, and there are no capabilities and no way to new privileges.
set -eu
environment=$1 photos=$2 volumes=$3
mount --make-rprivate /
mount --bind "$volumes" "$volumes"
mount --bind "$environment" "$environment"
mount -o remount,bind,ro "$environment"
mount -o remount,bind,ro /
if touch "$environment/written" 2>/dev/null; then echo "the root file system can be written" >&2; exit 1; fi

export SIMILIS_DATA="$volumes/data/similis" SIMILIS_KEYS="$volumes/keys/similis" PYTHONDONTWRITEBYTECODE=1
export PATH="$environment/bin:$PATH"
cd "$volumes"
setpriv --inh-caps=-all --bounding-set=-all --no-new-privs similis serve --port 0 --json >"$volumes/announced" &
service=$!
while ! grep -q '^}' "$volumes/announced"; do kill -0 $service; sleep 0.2; done

told() { python -c "import json, sys; print(json.load(open('announced'))[sys.argv[1]])" "$1"; }
SIMILIS_ENDPOINT=$(told address) SIMILIS_KEY=$(told key)
export SIMILIS_ENDPOINT SIMILIS_KEY
similis instance create shop --type generic
similis add shop "$photos"/product-*
similis search shop "$photos/query.png" --json >"$volumes/found"
kill $service
wait $service
