# SPDX-License-Identifier: MIT
# timeout: 300
# A repository of Python's library: commits, branches, a merge, a clone over ssh's transport on this machine, its own check.
cd /root || exit 1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d
export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
git config --global advice.detachedHead false
git init -q -b main one && cd one || exit 1
cp -r /usr/lib/python3.11/json /usr/lib/python3.11/asyncio /usr/lib/python3.11/email .
find . -name __pycache__ -prune -exec rm -r {} +
git add . && git commit -q -m first && git ls-files | wc -l
git checkout -q -b other && sed -i 's/import/IMPORT/' json/*.py && git commit -q -a -m other
git checkout -q main && echo more >more && git add more && git commit -q -m more && git merge -q -m merged other
git log --oneline --graph
git diff --stat HEAD~1 | tail -1
cd .. && git clone -q "file:///root/one" two && git -C two fsck --strict 2>/dev/null && git -C two rev-parse HEAD
git -C two gc -q --aggressive && git -C two count-objects -v | grep -v size
git -C two bisect start -q HEAD HEAD~1 >/dev/null && git -C two bisect run false | tail -1 | cut -c1-20
diff -r one/asyncio two/asyncio && echo same
