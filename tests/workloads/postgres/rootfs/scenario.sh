# A database from its making to its end.
set -e
PATH=/usr/lib/postgresql/15/bin:$PATH
id -un
initdb -U postgres --no-locale -E UTF8 -A trust > /tmp/initdb.log 2>&1 || { cat /tmp/initdb.log; exit 1; }
pg_ctl -w -t 300 -s -o "-k /sock -c listen_addresses='' -c max_parallel_workers_per_gather=2" -l /tmp/pg.log start || { cat /tmp/pg.log; exit 1; }
sql() { psql -U postgres -At -v ON_ERROR_STOP=1 "$@"; }
sql -c "create table t(i int primary key, s text)" -c "insert into t select g, md5(g::text) from generate_series(1,20000) g" \
  -c "create index on t(s)" -c "analyze t" -c "select count(*), sum(i) from t" -c "select s from t where i=77"
sql -c "set min_parallel_table_scan_size=0" -c "set parallel_setup_cost=0" -c "set parallel_tuple_cost=0" -c "select count(*) from t where s like '%a%'"
sql -c "begin; delete from t where i>10; rollback" -c "select count(*) from t" -c "select jsonb_build_object('a', array[1,2])" \
  -c "checkpoint" -c "vacuum t" -c "select to_char(timestamp '2024-01-01' + interval '1 month','YYYY-MM-DD')"

# A writer waits for the other's lock.
sql -c "begin; update t set s='x' where i=1; select pg_sleep(0.5); commit" > /dev/null &
until [ "$(sql -c "select count(*) from pg_locks where mode='RowExclusiveLock' and relation='t'::regclass")" != 0 ]; do sleep 0.1; done
sql -c "update t set s=s||'y' where i=1 returning s"
wait
sql -c "do \$\$ begin raise exception 'as wanted'; end \$\$" 2>&1 | head -n 1 || true
sql -c "copy (select i from t order by i limit 3) to stdout"

# A backend that is cancelled.
sql -c "set statement_timeout='300ms'" -c "select pg_sleep(60)" 2>&1 || echo "status $?"
pg_ctl -w -t 300 -s -m fast stop
grep -c 'database system is shut down' /tmp/pg.log
echo done
