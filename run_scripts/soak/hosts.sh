#!/usr/bin/env bash
# Ranks on two hosts, which are network namespaces of this machine, each with an address and a name of its own: a run has the bits of one
# process; and when the network of a host fails in the middle of a run, its other ranks end within a minute with a line that names the
# host, and one process continues it to the same bits: run_scripts/soak/hosts.sh. Needs root, iproute2, Open MPI 4 and what the build needs; where
# network namespaces cannot be made, it says so and ends with exit code 0.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
edgeprune=$root/run_scripts/edgeprune
net=10.213.77 bridge=ep$$ hosts=(one two)
skip() { echo "hosts.sh: skipped: $*"; exit 0; }
for program in ip unshare mpirun mpicc; do command -v "$program" >/dev/null || skip "no $program"; done

scratch=$(mktemp -d)
cleanup() {
    local host
    for host in "${hosts[@]}"; do
        ip netns pids "$bridge-$host" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
        ip netns del "$bridge-$host" 2>/dev/null || true
    done
    ip link del "$bridge" 2>/dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT
ip link add "$bridge" type bridge 2>"$scratch/why" || skip "no network can be made: $(cat "$scratch/why")"
ip addr add "$net.1/24" dev "$bridge"
ip link set "$bridge" up
for i in 0 1; do
    name=$bridge-${hosts[i]}
    ip netns add "$name" 2>"$scratch/why" || skip "no network namespace can be made: $(cat "$scratch/why")"
    ip link add "$bridge-$i" type veth peer name eth0 netns "$name"
    ip link set "$bridge-$i" master "$bridge" up
    ip -n "$name" addr add "$net.$((i + 2))/24" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" link set lo up
done

# What mpirun calls in place of ssh: agent ADDRESS COMMAND...
cat >"$scratch/agent" <<AGENT
#!/usr/bin/env bash
case \$1 in
    $net.2) name=one ;;
    $net.3) name=two ;;
esac
shift
exec ip netns exec "$bridge-\$name" unshare --uts bash -c "hostname edgeprune-\$name; \$*"
AGENT
chmod +x "$scratch/agent"
"$root/run_scripts/build_mpi.sh" "$scratch/mpi.so" >/dev/null
export EDGEPRUNE_MPI=$scratch/mpi.so EDGEPRUNE_MPI_SILENCE=10
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

"$edgeprune" train-mini --out "$scratch/model" --steps 2 --layers 2 --heads 2 --width 16 --batch-size 8 >/dev/null 2>&1
"$edgeprune" data ioi --train 32 --validation 8 --test 8 --model "$scratch/model" --out "$scratch/data" >/dev/null 2>&1
prune() {
    echo prune --published --task ioi --model "$scratch/model" --data "$scratch/data" --out "$1" --steps "$2" --batch-size 8 --micro-batch 40 \
        --threads 1 --workers 1 --save-every 5 --evaluate-every 0
}
on_hosts() {
    exec timeout -k 5 120 mpirun -n 2 --host "$net.2,$net.3" --mca plm_rsh_agent "$scratch/agent" --mca plm_rsh_no_tree_spawn 1 \
        --mca oob_tcp_if_include "$net.0/24" --mca btl tcp,self --mca btl_tcp_if_include "$net.0/24" --mca orte_keep_fqdn_hostnames 1 \
        -x EDGEPRUNE_MPI -x EDGEPRUNE_MPI_SILENCE -x JAVA_HOME -x PATH "$edgeprune" "$@"
}
same() {
    local file
    for file in masks.safetensors edges.json examples.jsonl; do
        cmp "$scratch/alone-$2/$file" "$1/$file" || { echo "hosts.sh: $1/$file differs from one process's"; exit 1; }
    done
}

"$edgeprune" $(prune "$scratch/alone-10" 10) >/dev/null 2>&1
(on_hosts $(prune "$scratch/both" 10)) >/dev/null 2>"$scratch/log" || { cat "$scratch/log"; exit 1; }
grep -q "2 ranks on 2 hosts" "$scratch/log" || { cat "$scratch/log"; echo "hosts.sh: the ranks were not on two hosts"; exit 1; }
same "$scratch/both" 10
echo "two hosts: $(grep "2 ranks on" "$scratch/log"); the bits of one process"

steps=400
on_hosts $(prune "$scratch/cut" $steps) >/dev/null 2>"$scratch/log" &
job=$!
until [ -e "$scratch/cut/checkpoints" ] && [ -n "$(ls "$scratch/cut/checkpoints")" ]; do
    kill -0 $job 2>/dev/null || { cat "$scratch/log"; exit 1; }
    sleep 0.05
done
ip link set "$bridge-1" down
began=$SECONDS
until line=$(grep -m1 "^edgeprune: rank 1 of 2 on host edgeprune-two: hangs" "$scratch/log") && [ -z "$(ip netns pids "$bridge-one")" ]; do
    [ $((SECONDS - began)) -le 60 ] || {
        cat "$scratch/log"
        echo "hosts.sh: a minute later no line names the host that cannot be reached, or the other host still runs something"
        exit 1
    }
    sleep 0.2
done
echo "a host without network: nothing runs on the other host after $((SECONDS - began)) s: ${line:0:80}..."
# mpirun itself waits for its daemon on the lost host, minutes long; a scheduler would end it
kill $job 2>/dev/null || true
wait $job && { echo "hosts.sh: the job ended well without its second host"; exit 1; }
for host in "${hosts[@]}"; do ip netns pids "$bridge-$host" | xargs -r kill -9 2>/dev/null || true; done
"$edgeprune" $(prune "$scratch/alone-$steps" $steps) >/dev/null 2>&1
"$edgeprune" $(prune "$scratch/cut" $steps) --resume >/dev/null 2>"$scratch/log" || { cat "$scratch/log"; exit 1; }
same "$scratch/cut" $steps
echo "hosts.sh: continued by one process, with the bits of one"
