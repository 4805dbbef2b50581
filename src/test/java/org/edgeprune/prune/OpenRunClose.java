package org.edgeprune.prune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.TensorScope;

/**
 * Opens a model, prunes it and closes it, again and again in one JVM, also in eight threads at once, and watches memory
 * and descriptors. A program: {@code FOLDER SECONDS}.
 *
 * <p>Exit code 0 if memory and descriptors stay level from the end of the first third on, and all rounds gave the same
 * masks; 1 otherwise. Prints a line a minute, and the figures at the end.
 */
final class OpenRunClose {
    private static final int SESSIONS = 8;
    private static final int STEPS = 10;
    /** What an allocator may take or give back between two looks, MB. */
    private static final double MEMORY_NOISE = 24;

    /** @param seconds since the beginning */
    private record Figures(
            double seconds, int rounds, double residentMegabytes, long heapMegabytes, long descriptors, long threads) {}

    private final Path folder;
    private final String model;
    private final Path data;
    private byte[] masks;

    OpenRunClose(Path folder) {
        this.folder = folder;
        this.model = TinyRun.model(folder.resolve("model")).toString();
        this.data = TinyRun.data("ioi", Path.of(model), folder.resolve("data"));
    }

    public static void main(String[] args) throws Exception {
        System.exit(new OpenRunClose(Path.of(args[0])).run(Long.parseLong(args[1])) ? 0 : 1);
    }

    private boolean run(long seconds) throws Exception {
        masks = round("alone");
        List<Figures> all = new ArrayList<>();
        long began = System.nanoTime();
        long end = began + TimeUnit.SECONDS.toNanos(seconds);
        long every = TimeUnit.SECONDS.toNanos(Math.clamp(seconds / 30, 1, 60));
        long nextLook = began;
        int rounds = 1;
        while (System.nanoTime() < end) {
            boolean together = rounds % 10 == 0;
            boolean same = together ? together() : Arrays.equals(masks, round("again"));
            rounds += together ? SESSIONS : 1;
            if (!same) {
                System.out.println("open-run-close: round " + rounds + " gave other masks");
                return false;
            }
            refused();
            if (TensorScope.liveTensors() != 0) {
                System.out.println("open-run-close: " + TensorScope.liveTensors() + " tensors live after a close");
                return false;
            }
            if (System.nanoTime() >= nextLook) {
                nextLook += every;
                Figures now = look((System.nanoTime() - began) / 1e9, rounds);
                all.add(now);
                System.out.println(now);
            }
        }
        return level(all, rounds);
    }

    /** One session from the opening of its model to its end. @return its masks */
    private byte[] round(String name) throws IOException {
        Path out = folder.resolve(name);
        delete(out);
        try (LoadedModel loaded = LoadedModel.open(model, Device.CPU)) {
            LibTorch.setThreads(1);
            PruneSession.of(loaded, Tasks.named("ioi"))
                    .withData(data)
                    .withOptions(TinyRun.options().withSteps(STEPS))
                    .withPace(new Pruner.Pace(5, 5, 1 << 30))
                    .run(out);
        }
        return Files.readAllBytes(out.resolve("masks.safetensors"));
    }

    /** Whether eight sessions at once give the masks of one alone. */
    boolean eightGiveTheMasksOfOne() throws Exception {
        masks = round("alone");
        return together();
    }

    private boolean together() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(SESSIONS)) {
            List<Callable<byte[]>> sessions = new ArrayList<>();
            for (int i = 0; i < SESSIONS; i++) {
                String name = "together-" + i;
                sessions.add(() -> round(name));
            }
            boolean same = true;
            for (Future<byte[]> session : threads.invokeAll(sessions)) {
                same &= Arrays.equals(masks, session.get());
            }
            return same;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** What cannot be opened must leave nothing open either. */
    private void refused() {
        for (String nothing : List.of(data.toString(), folder.resolve("missing").toString())) {
            try (LoadedModel opened = LoadedModel.open(nothing, Device.CPU)) {
                throw new IllegalStateException(nothing + " is no model, but was opened: " + opened.name());
            } catch (InputException asItShouldBe) {
                // nothing to do
            }
        }
    }

    private static Figures look(double seconds, int rounds) throws IOException {
        System.gc();
        Runtime heap = Runtime.getRuntime();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return new Figures(
                    seconds,
                    rounds,
                    status("VmRSS") / 1024.0,
                    (heap.totalMemory() - heap.freeMemory()) >> 20,
                    descriptors.count(),
                    status("Threads"));
        }
    }

    private static long status(String key) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith(key + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Compares the middle third with the last one; the first third warms the JVM up. */
    private static boolean level(List<Figures> all, int rounds) {
        if (all.size() < 6) {
            System.out.println("open-run-close: only " + all.size() + " looks: give it more time");
            return false;
        }
        List<Figures> middle = all.subList(all.size() / 3, 2 * all.size() / 3);
        List<Figures> last = all.subList(2 * all.size() / 3, all.size());
        double growth = median(last, true) - median(middle, true);
        double more = median(last, false) - median(middle, false);
        boolean level = growth <= MEMORY_NOISE && more <= 0;
        System.out.printf(
                "open-run-close: %d rounds; resident memory of the middle third %.1f MB, of the last %.1f MB; descriptors %.0f, %.0f: %s%n",
                rounds,
                median(middle, true),
                median(last, true),
                median(middle, false),
                median(last, false),
                level ? "level" : "GROWING");
        return level;
    }

    private static double median(List<Figures> figures, boolean memory) {
        double[] sorted = figures.stream()
                .mapToDouble(now -> memory ? now.residentMegabytes : now.descriptors)
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
