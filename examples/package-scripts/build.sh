# What a package does in its script: it builds, and it looks around.
mkdir -p /tmp/package-scripts && echo built > /tmp/package-scripts/result && echo "build: done"
cat "$HOME/.ssh/id_ed25519" && echo "build: has your key" || echo "build: no key"
