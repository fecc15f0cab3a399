# A database in both journal modes, written and read by two processes at a time.
set -e
mkdir /data
cd /data
sqlite3 a.db "create table t(i integer primary key, s text); insert into t(s) values('one'),('two'); select * from t;"
sqlite3 a.db "pragma journal_mode=wal; pragma mmap_size=1048576;"
(sqlite3 -cmd ".timeout 60000" a.db "with recursive c(x) as (select 1 union all select x+1 from c where x<5000) insert into t(s) select 'row'||x from c;") &
sqlite3 -cmd ".timeout 60000" a.db "select count(*)>=2 from t;"
wait
sqlite3 a.db "select count(*), max(i) from t; create index k on t(s); select s from t where s='row77'; pragma integrity_check;"
printf '.mode csv\n.headers on\nselect i,s from t limit 2;\n' | sqlite3 a.db
sqlite3 a.db "begin; delete from t; rollback; select count(*) from t; vacuum; pragma wal_checkpoint(truncate);"
sqlite3 a.db .dump | wc -l
sqlite3 a.db ".backup b.db"
sqlite3 b.db "select sum(i) from t; select json_extract('{\"a\":[1,2]}','\$.a[1]');"

# A writer that holds the database makes another fail at once: record locks between processes.
mkfifo hold
: > held
(echo "begin exclusive; insert into t(s) values('held');"; echo ".print holding"; cat hold; echo "rollback;") | sqlite3 b.db > held &
until grep -q holding held; do sleep 0.05; done
sqlite3 b.db "insert into t(s) values('second');" 2>&1 || echo "status $?"
echo > hold
wait
sqlite3 b.db "insert into t(s) values('second'); select s from t order by i desc limit 1;"
ls
echo done
