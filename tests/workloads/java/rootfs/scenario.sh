# The virtual machine's version, and a program with threads.
java=/usr/lib/jvm/java-17-openjdk-amd64/bin/java
# Debian's updates change the later numbers.
$java -version 2>&1 | sed 's/"17[^"]*" [0-9-]*/"17"/; s/build 17[^,)]*/build 17/'
$java -Xmx256m /app/Threads.java
echo "status $?"
