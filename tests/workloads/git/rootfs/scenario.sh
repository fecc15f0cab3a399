# The life of a repository.
set -e
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git init -q /r
cd /r
for i in $(seq 1 30); do echo "file $i" > f$i; done
git add .
git commit -q -m one
git rev-parse HEAD
git checkout -q -b side
echo side >> f1
git commit -qam side
git checkout -q main
echo main >> f2
git commit -qam main
git merge -q -m merge side
git log --oneline --graph
git status --short | wc -l

# Conflicts, stashes, rebases.
git checkout -q -b clash HEAD~1
echo other >> f1
git commit -qam clash
git merge side > /dev/null || git diff --name-only --diff-filter=U
git merge --abort
git rebase -q main 2> /dev/null || git rebase --abort
git checkout -q main
echo later >> f3
git stash -q
git stash list
git stash pop -q
git diff --stat
git checkout -q f3

# Packs: threads compress, checks read everything again.
git gc -q
git fsck 2>&1 | grep -v '^dangling' || true
git count-objects | cut -d' ' -f1
git repack -q -a -d --threads=3
git verify-pack .git/objects/pack/*.idx && echo pack ok

# Other repositories, over pipes.
git clone -q file:///r /c
cd /c
git log -1 --format=%s
echo x > n
git add n
git commit -qm n
git push -q origin HEAD:refs/heads/p
git -C /r branch
git diff --stat HEAD~1
git tag v1
git describe --tags
git grep -c side
git -C /r archive HEAD f1 | tar t
git bundle create -q /tmp/b main && git bundle verify -q /tmp/b && echo bundle ok
git log --format='%h %an %ad' --date=iso -2
git blame -s f1
echo done
