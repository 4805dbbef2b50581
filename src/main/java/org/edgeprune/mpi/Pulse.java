package org.edgeprune.mpi;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Notices ranks that hang. MPI cannot: who waits for another rank in a collective call waits for ever. Each rank has a
 * connection to rank 0, over which both send bytes as long as they live: as long as they compute, or wait for other
 * ranks. A rank that is stopped, that does neither (as one that waits for a file system that is gone), or whose host or
 * network is down is silent.
 *
 * <p>Silence is counted in seconds of the listener's own running time, so that a job that is suspended as a whole goes
 * on. A rank that ends closes its connection, which is no silence: that it ended is the launcher's business.
 */
final class Pulse implements AutoCloseable {
    private static final int BEAT = 500; // milliseconds
    private static final int LISTEN = 1000;
    private static final int CONNECT = 5000;
    private static final int JOINED = 30_000;
    private static final int TOKEN = 16;
    /** A process that computes less does nothing but beat. */
    private static final long OWN_CPU_NANOS_PER_BEAT = 2_500_000;

    private final int rank;
    private final int size;
    private final int idle; // beats
    private final int silence; // times that nothing was heard
    private final LongSupplier cpuNanos;
    private final IntConsumer silent;
    private final Consumer<List<Integer>> unheard;
    private final Set<Integer> heard = ConcurrentHashMap.newKeySet();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile ServerSocket server;
    private volatile boolean waiting;
    private volatile boolean closed;

    /**
     * The pulse of this rank.
     *
     * @param size number of ranks
     * @param seconds after which a rank hangs, at least 4: half of them it may do nothing, and half of them be silent
     * @param cpuNanos how long this process has computed, in nanoseconds
     * @param silent told the number of a rank that hangs, by a thread of its own
     * @param unheard told by rank 0 which ranks did not connect, and may hang unnoticed
     */
    Pulse(int rank, int size, int seconds, LongSupplier cpuNanos, IntConsumer silent, Consumer<List<Integer>> unheard) {
        this.rank = rank;
        this.size = size;
        this.idle = seconds / 2 * 1000 / BEAT;
        this.silence = (seconds - seconds / 2) * 1000 / LISTEN;
        this.cpuNanos = cpuNanos;
        this.silent = silent;
        this.unheard = unheard;
    }

    /** Says whether this rank waits for others, which is no silence. */
    void waiting(boolean now) {
        waiting = now;
    }

    /**
     * What rank 0 tells the others: a secret and the answer to it, its port, and the addresses of its host. The other
     * ranks have nothing to tell.
     */
    byte[] invitation() throws IOException {
        if (rank > 0) {
            return new byte[0];
        }
        server = new ServerSocket(0);
        List<byte[]> addresses = new ArrayList<>();
        for (NetworkInterface network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (network.isUp()) {
                Collections.list(network.getInetAddresses()).forEach(address -> addresses.add(address.getAddress()));
            }
        }
        int bytes = addresses.stream().mapToInt(address -> 1 + address.length).sum();
        byte[] secrets = new byte[2 * TOKEN];
        new SecureRandom().nextBytes(secrets);
        ByteBuffer invitation = ByteBuffer.allocate(2 * TOKEN + Integer.BYTES + bytes)
                .put(secrets)
                .putInt(server.getLocalPort());
        addresses.forEach(address -> invitation.put((byte) address.length).put(address));
        return invitation.array();
    }

    /** Begins to beat and to listen, without waiting for other ranks. */
    void start(byte[] invitation, boolean sameHost) {
        ByteBuffer read = ByteBuffer.wrap(invitation);
        byte[] token = new byte[TOKEN];
        byte[] answer = new byte[TOKEN];
        read.get(token).get(answer);
        if (rank == 0) {
            daemon("accept", () -> accept(token, answer));
            daemon("count", this::count);
        } else {
            int port = read.getInt();
            List<InetAddress> addresses = addresses(read, sameHost);
            daemon("connect", () -> connect(token, answer, port, addresses));
        }
        daemon("beat", this::beat);
    }

    private static void daemon(String name, Runnable work) {
        Thread.ofPlatform().daemon().name("edgeprune-pulse-" + name).start(work);
    }

    private void count() {
        pause(JOINED);
        List<Integer> missing = IntStream.range(1, size)
                .filter(other -> !heard.contains(other))
                .boxed()
                .toList();
        if (!closed && !missing.isEmpty()) {
            unheard.accept(missing);
        }
    }

    private static void pause(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void accept(byte[] token, byte[] answer) {
        while (!closed) {
            try {
                Socket socket = server.accept();
                daemon("greet", () -> greet(socket, token, answer));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    /** Strangers are not let in. */
    private void greet(Socket socket, byte[] token, byte[] answer) {
        try {
            socket.setSoTimeout(CONNECT);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            boolean known = MessageDigest.isEqual(token, in.readNBytes(TOKEN));
            int other = in.readInt();
            if (known) {
                socket.getOutputStream().write(answer);
                heard.add(other);
                sockets.add(socket);
                listen(socket, other);
            } else {
                socket.close();
            }
        } catch (IOException e) {
            close(socket);
        }
    }

    /** Over the first of rank 0's addresses that works. Where none does, hanging ranks are not noticed. */
    private void connect(byte[] token, byte[] answer, int port, List<InetAddress> addresses) {
        for (InetAddress address : addresses) {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(address, port), CONNECT);
                ByteBuffer greeting =
                        ByteBuffer.allocate(TOKEN + Integer.BYTES).put(token).putInt(rank);
                socket.getOutputStream().write(greeting.array());
                socket.setSoTimeout(CONNECT);
                // an address of rank 0's host may be that of another host too, as those of bridges are
                if (!MessageDigest.isEqual(answer, socket.getInputStream().readNBytes(TOKEN))) {
                    close(socket);
                    continue;
                }
            } catch (IOException e) {
                close(socket);
                continue;
            }
            sockets.add(socket);
            try {
                listen(socket, 0);
            } catch (IOException e) {
                // rank 0 has ended, or this rank has left
            } finally {
                close(socket);
            }
            return;
        }
    }

    /** Those by which a host can be reached: loopback from itself alone, and then first. */
    private static List<InetAddress> addresses(ByteBuffer written, boolean sameHost) {
        List<InetAddress> addresses = new ArrayList<>();
        while (written.hasRemaining()) {
            byte[] address = new byte[written.get()];
            written.get(address);
            try {
                addresses.add(InetAddress.getByAddress(address));
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e); // of another length than addresses have
            }
        }
        if (!sameHost) {
            addresses.removeIf(InetAddress::isLoopbackAddress);
        }
        addresses.sort(Comparator.comparing(address -> !address.isLoopbackAddress()));
        return addresses;
    }

    private void listen(Socket socket, int other) throws IOException {
        socket.setSoTimeout(LISTEN);
        byte[] beats = new byte[64];
        int silentFor = 0;
        while (!closed && silentFor < silence) {
            try {
                if (socket.getInputStream().read(beats) < 0) {
                    return;
                }
                silentFor = 0;
            } catch (SocketTimeoutException e) {
                silentFor++;
            }
        }
        if (!closed) {
            silent.accept(other);
        }
    }

    private void beat() {
        long cpu = 0;
        int idleFor = 0;
        while (!closed) {
            long now = cpuNanos.getAsLong();
            idleFor = waiting || now - cpu > OWN_CPU_NANOS_PER_BEAT ? 0 : idleFor + 1;
            cpu = now;
            if (idleFor < idle) {
                sockets.forEach(this::send);
            }
            pause(BEAT);
        }
    }

    private void send(Socket socket) {
        try {
            socket.getOutputStream().write(0);
        } catch (IOException e) {
            sockets.remove(socket); // the other rank has ended
            close(socket);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // nothing was left to be sent
        }
    }

    @Override
    public void close() {
        closed = true;
        sockets.forEach(Pulse::close);
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                // nobody is waited for any more
            }
        }
    }
}
