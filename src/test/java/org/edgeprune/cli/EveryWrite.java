package org.edgeprune.cli;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.edgeprune.cli.FaultyDisk.Bytes;
import org.edgeprune.cli.FaultyDisk.Fault;
import org.edgeprune.report.TinyRun;

/**
 * Cuts the power, or fills the disk, at every write of short commands, lets them go on, and compares what they give
 * with what they give undisturbed. A program: {@code FOLDER FAULT STRIDE SEEDS SECONDS PROCESSES CASE...}.
 *
 * <ul>
 *   <li>{@code FOLDER} of {@link FaultyDisk#environment}
 *   <li>{@code FAULT} one of {@link Fault}
 *   <li>{@code STRIDE}: every so manieth write is hit, others with each seed
 *   <li>{@code SEEDS}: with 1, power cuts lose all that was not synced; with more, also what chance wants
 *   <li>{@code SECONDS} after which no more writes are tried
 *   <li>{@code PROCESSES}: {@code true} for a new process each time, which the power cut ends
 *   <li>{@code CASE}: names of {@link #commands}
 * </ul>
 *
 * Exit code 0 if all went well, 1 if something was lost. The last line counts.
 */
final class EveryWrite {
    private record Ending(int exit, String err) {}

    private final FaultyDisk disk;
    private final Path folder;
    private final Fault fault;
    private final boolean processes;
    private int trials;
    private int failures;

    private EveryWrite(Path folder, Fault fault, boolean processes) throws IOException {
        this.folder = folder;
        this.disk = FaultyDisk.of(folder);
        this.fault = fault;
        this.processes = processes;
    }

    public static void main(String[] args) throws Exception {
        EveryWrite all = new EveryWrite(Path.of(args[0]), Fault.valueOf(args[1]), Boolean.parseBoolean(args[5]));
        Path model = TinyRun.model(all.folder.resolve("model"));
        TinyRun.data("ioi", model, all.folder.resolve("data"));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(args[4]));
        boolean inTime = true;
        for (String name : List.of(args).subList(6, args.length)) {
            inTime &= all.run(name, Integer.parseInt(args[2]), Integer.parseInt(args[3]), end);
        }
        System.out.println(all.fault + ": " + all.trials + " faults, " + all.failures + " failures"
                + (inTime ? "" : "; the time was over before all were tried"));
        System.exit(all.failures == 0 && all.trials > 0 ? 0 : 1);
    }

    /** Commands that write below {@code out}. Given again after a fault, each has to end what it began. */
    private List<String> commands(String name) {
        String out = disk.root().resolve("new/out").toString();
        String model = folder.resolve("model").toString();
        String data = folder.resolve("data").toString();
        return switch (name) {
            case "prune" ->
                List.of(("prune --published --resume --out " + out + " --model " + model + " --data " + data
                                + " --steps 3 --batch-size 4 --save-every 1 --evaluate-every 2 --threads 1 --edge-sparsity 0.5"
                                + " --minimal 0.1")
                        .split(" "));
            case "data" ->
                List.of(("data ioi --train 6 --validation 2 --test 2 --model " + model + " --out " + out).split(" "));
            case "generate-data" ->
                List.of(("prune --published --resume --out " + out + " --model " + model
                                + " --max-train-samples 8 --steps 1" + " --save-every 1 --evaluate-every 0 --threads 1")
                        .split(" "));
            case "init" -> List.of(("init --config " + model + " --tokenizer " + model + " --out " + out).split(" "));
            case "train-mini" ->
                List.of(("train-mini --out " + out + " --steps 2 --layers 1 --heads 2 --width 16 --batch-size 4")
                        .split(" "));
            case "tracr" -> List.of(("tracr compile reverse --out " + out).split(" "));
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** @return whether there was time for all */
    private boolean run(String name, int stride, int seeds, long end) throws IOException, InterruptedException {
        List<String> command = commands(name);
        disk.format();
        disk.arm(fault, Long.MAX_VALUE, 0, false);
        Ending undisturbed = execute(command);
        long operations = disk.disarm();
        Map<Path, Bytes> expected = disk.contents();
        if (undisturbed.exit != 0 || expected.isEmpty()) {
            throw new IllegalStateException(name + " fails undisturbed: " + undisturbed);
        }
        if (fault == Fault.POWER_CUT) {
            finished(name, command, operations, expected);
        }
        for (int seed = 0; seed < seeds; seed++) {
            for (long operation = 1L + seed % stride; operation <= operations; operation += stride) {
                if (System.nanoTime() > end) {
                    return false;
                }
                trial(name, command, operation, seed, operations, expected);
            }
        }
        System.out.println(name + ": " + operations + " writes, " + expected.size() + " files");
        return true;
    }

    /** When a command says that it is done, all that it wrote is safe. */
    private void finished(String name, List<String> command, long operations, Map<Path, Bytes> expected)
            throws IOException, InterruptedException {
        disk.format();
        disk.arm(fault, operations + 1, 0, false);
        Ending ending = execute(command);
        try {
            Files.createFile(disk.root().resolve("after-the-end"));
        } catch (IOException powerIsOff) {
            // as it should be
        }
        disk.disarm();
        trials++;
        if (ending.exit != 0 || !disk.hit()) {
            fail(name, operations + 1, 0, "exit " + ending.exit + ": " + ending.err);
            return;
        }
        Map<Path, Bytes> safe = disk.safe();
        // an old checkpoint may come back: that it was removed is nothing to rely on
        safe.keySet().retainAll(expected.keySet());
        requireSame(name, operations + 1, 0, "when it says that it is done", expected, safe);
    }

    private void trial(
            String name, List<String> command, long operation, long seed, long operations, Map<Path, Bytes> expected)
            throws IOException, InterruptedException {
        disk.format();
        disk.arm(fault, operation, seed, processes);
        Ending ending = execute(command);
        disk.disarm();
        trials++;
        if (!disk.hit()) {
            fail(name, operation, seed, "the fault did not happen: " + ending);
            return;
        }
        if (fault == Fault.POWER_CUT) {
            disk.powerUp();
            if (seed > 0) {
                // and once more, while it goes on
                long again = 1 + new SplittableRandom(seed * 1009 + operation).nextLong(operations);
                disk.arm(fault, again, seed, processes);
                execute(command);
                disk.disarm();
                if (disk.hit()) {
                    disk.powerUp();
                }
            }
        } else if (fault == Fault.FULL_ONCE && ending.exit == 0) {
            // Files.createDirectories tries again, and then there was room
            requireSame(name, operation, seed, "although a write failed", expected, disk.contents());
        } else {
            refused(name, operation, seed, ending);
        }
        Ending resumed = execute(command);
        boolean wasWhole = resumed.err.contains("holds files already");
        if (resumed.exit != 0 && !wasWhole) {
            fail(name, operation, seed, "does not go on, exit " + resumed.exit + ": " + resumed.err);
        }
        requireSame(name, operation, seed, "in the end", expected, disk.contents());
    }

    /** A full disk is one line, and what was safe stays. */
    private void refused(String name, long operation, long seed, Ending ending) throws IOException {
        List<String> said = ending.err
                .lines()
                .filter(line -> line.startsWith("edgeprune: "))
                .toList();
        if (ending.exit != 2 || said.size() != 1 || !ending.err.endsWith(said.getFirst() + "\n")) {
            fail(name, operation, seed, "not refused in one line, exit " + ending.exit + ": " + ending.err);
        } else if (!said.getFirst().contains("No space left on device")
                && !said.getFirst().contains("sync failed")) { // all that Java says when fsync fails
            fail(name, operation, seed, "does not say that the disk is full: " + said.getFirst());
        }
        Map<Path, Bytes> now = disk.contents();
        // two checkpoints are kept, older ones go
        boolean twoCheckpoints =
                now.keySet().stream().filter(EveryWrite::isCheckpoint).count() >= 2;
        disk.safe().forEach((file, bytes) -> {
            boolean grew = file.endsWith("metrics.jsonl");
            boolean kept = now.containsKey(file)
                    && (grew
                            ? now.get(file).text().startsWith(bytes.text())
                            : now.get(file).equals(bytes));
            if (!kept && !(twoCheckpoints && isCheckpoint(file) && !now.containsKey(file))) {
                fail(name, operation, seed, file + " was lost");
            }
        });
    }

    private static boolean isCheckpoint(Path file) {
        return file.getParent().endsWith("checkpoints");
    }

    private void requireSame(
            String name, long operation, long seed, String when, Map<Path, Bytes> expected, Map<Path, Bytes> found) {
        List<Path> differ = new ArrayList<>(expected.keySet());
        found.keySet().stream().filter(file -> !expected.containsKey(file)).forEach(differ::add);
        differ.removeIf(file -> Objects.equals(expected.get(file), found.get(file)));
        if (!differ.isEmpty()) {
            fail(name, operation, seed, when + ": differs in " + differ);
        }
    }

    private void fail(String name, long operation, long seed, String what) {
        failures++;
        System.out.println(name + ", " + fault + " at write " + operation + ", seed " + seed + ": " + what);
    }

    private Ending execute(List<String> command) throws IOException, InterruptedException {
        return processes ? inProcess(command) : here(command);
    }

    private static Ending here(List<String> command) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            return new Ending(Main.run(command.toArray(String[]::new)), said.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Ending inProcess(List<String> command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.edgeprune.cli.Main"));
        all.addAll(command);
        File err = folder.resolve("err.txt").toFile();
        int exit = new ProcessBuilder(all)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err)
                .start()
                .waitFor();
        return new Ending(exit, Files.readString(err.toPath()));
    }
}
