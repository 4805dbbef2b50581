package org.edgeprune.mpi;

import com.sun.management.OperatingSystemMXBean;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntConsumer;

/**
 * Notices ranks that hang. MPI cannot: who waits for another rank in a collective call waits for ever. Each rank has a
 * connection to rank 0, over which both send a byte a second as long as they live: as long as they compute, or wait for
 * other ranks. A rank that is stopped, that does neither (as one that waits for a file system that is gone), or whose
 * host or network is down is silent.
 *
 * <p>Silence is counted in seconds of the listener's own running time, so that a job that is suspended as a whole goes
 * on. A rank that ends closes its connection, which is no silence: that it ended is the launcher's business.
 */
final class Pulse implements AutoCloseable {
    private static final int BEAT = 1000; // milliseconds
    private static final int CONNECT = 5000;
    private static final int TOKEN = 16;
    /** A process that computes less does nothing but beat. */
    private static final long OWN_CPU_NANOS_PER_BEAT = 5_000_000;

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final int rank;
    private final int silence;
    private final IntConsumer silent;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile ServerSocket server;
    private volatile boolean waiting;
    private volatile boolean closed;

    /**
     * The pulse of this rank.
     *
     * @param silence seconds after which a rank hangs
     * @param silent told the number of a rank that hangs, by a thread of its own
     */
    Pulse(int rank, int silence, IntConsumer silent) {
        this.rank = rank;
        this.silence = silence;
        this.silent = silent;
    }

    /** Says whether this rank waits for others, which is no silence. */
    void waiting(boolean now) {
        waiting = now;
    }

    /**
     * What rank 0 tells the others: a secret, its port, and the addresses of its host. The other ranks have nothing to
     * tell.
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
        byte[] token = new byte[TOKEN];
        new SecureRandom().nextBytes(token);
        ByteBuffer invitation =
                ByteBuffer.allocate(TOKEN + Integer.BYTES + bytes).put(token).putInt(server.getLocalPort());
        addresses.forEach(address -> invitation.put((byte) address.length).put(address));
        return invitation.array();
    }

    /** Begins to beat and to listen, without waiting for other ranks. */
    void start(byte[] invitation, boolean sameHost) throws IOException {
        ByteBuffer read = ByteBuffer.wrap(invitation);
        byte[] token = new byte[TOKEN];
        read.get(token);
        if (rank == 0) {
            daemon("accept", () -> accept(token));
        } else {
            int port = read.getInt();
            List<InetAddress> addresses = addresses(read, sameHost);
            daemon("connect", () -> connect(token, port, addresses));
        }
        daemon("beat", this::beat);
    }

    private static void daemon(String name, Runnable work) {
        Thread.ofPlatform().daemon().name("edgeprune-pulse-" + name).start(work);
    }

    private void accept(byte[] token) {
        while (!closed) {
            try {
                Socket socket = server.accept();
                daemon("greet", () -> greet(socket, token));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    /** Strangers are not let in. */
    private void greet(Socket socket, byte[] token) {
        try {
            socket.setSoTimeout(CONNECT);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            boolean known = MessageDigest.isEqual(token, in.readNBytes(TOKEN));
            int other = in.readInt();
            if (known) {
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
    private void connect(byte[] token, int port, List<InetAddress> addresses) {
        for (InetAddress address : addresses) {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(address, port), CONNECT);
                ByteBuffer greeting =
                        ByteBuffer.allocate(TOKEN + Integer.BYTES).put(token).putInt(rank);
                socket.getOutputStream().write(greeting.array());
                sockets.add(socket);
                listen(socket, 0);
                return;
            } catch (IOException e) {
                close(socket);
            }
        }
    }

    /** Those by which a host can be reached: loopback from itself alone, and then first. */
    private static List<InetAddress> addresses(ByteBuffer written, boolean sameHost) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        while (written.hasRemaining()) {
            byte[] address = new byte[written.get()];
            written.get(address);
            addresses.add(InetAddress.getByAddress(address));
        }
        if (!sameHost) {
            addresses.removeIf(InetAddress::isLoopbackAddress);
        }
        addresses.sort(Comparator.comparing(address -> !address.isLoopbackAddress()));
        return addresses;
    }

    private void listen(Socket socket, int other) throws IOException {
        socket.setSoTimeout(BEAT);
        byte[] beats = new byte[64];
        int silentFor = 0;
        while (!closed && silentFor <= silence) {
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
        int idle = 0;
        while (!closed) {
            long now = PROCESS.getProcessCpuTime();
            idle = waiting || now - cpu > OWN_CPU_NANOS_PER_BEAT ? 0 : idle + 1;
            cpu = now;
            if (idle <= silence) {
                sockets.forEach(this::send);
            }
            try {
                Thread.sleep(BEAT);
            } catch (InterruptedException e) {
                return;
            }
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
