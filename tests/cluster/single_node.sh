#!/usr/bin/env bash
# A Slurm cluster of this one machine, for tests: no service manager, no accounting, every
# file in one folder. Debian: apt-get install slurm-wlm munge
#
#   single_node.sh start FOLDER [CPUS]    prints the path of slurm.conf (for SLURM_CONF)
#   single_node.sh stop FOLDER
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

stop() {
    for name in slurmd slurmctld munged; do
        if [ -s "$folder/$name.pid" ]; then
            kill "$(cat "$folder/$name.pid")" 2>/dev/null || true
        fi
    done
}

if [ "$action" = stop ]; then
    # Tasks end while there are still daemons to end them.
    export SLURM_CONF="$folder/slurm.conf"
    scancel --full --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 40); do
        [ -n "$(squeue --noheader 2>/dev/null)" ] || break
        sleep 0.5
    done
    stop
    exit 0
fi

host=$(hostname -s)
user=$(id -un)
mkdir -p "$folder/state" "$folder/spool"
head -c 1024 /dev/urandom >"$folder/munge.key"
chmod 400 "$folder/munge.key"
cat >"$folder/slurm.conf" <<CONF
ClusterName=spadvtest
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmctldPort=$(port)
SlurmdPort=$(port)
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000
ReturnToService=2
KillWait=5
MinJobAge=30
NodeName=$host NodeAddr=127.0.0.1 CPUs=${3:-$(nproc)} State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"

# --force: the folders above may be writable by others, as /tmp is.
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" \
    --seed-file="$folder/munge.seed" --num-threads=1 >"$folder/munged.out" 2>&1
slurmctld >"$folder/slurmctld.out" 2>&1
slurmd >"$folder/slurmd.out" 2>&1
for _ in $(seq 60); do
    if sinfo --noheader --format=%t 2>/dev/null | grep -q idle; then
        echo "$SLURM_CONF"
        exit 0
    fi
    sleep 0.5
done
echo "the node does not come up; see $folder/*.log" >&2
stop
exit 1
