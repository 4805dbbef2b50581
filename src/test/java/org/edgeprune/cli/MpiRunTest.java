package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs under mpirun, all ranks on this machine; RunOfWorkersTest has more of them without MPI. */
@Execution(ExecutionMode.CONCURRENT)
class MpiRunTest {
    private static final List<String> BIT_FOR_BIT =
            List.of("masks.safetensors", "edges.json", "examples.jsonl", "checkpoints/step-000006.safetensors");

    @TempDir
    private static Path shared;

    private static Path library;
    private static Path data;
    private static Map<String, String> expected;

    @TempDir
    private Path folder;

    /** Where ranks put their temporary folders. */
    @TempDir
    private Path temporary;

    @BeforeAll
    static void runAlone() throws IOException {
        library = Mpirun.buildLibrary(shared);
        data = shared.resolve("ioi");
        Tool.run("data", "ioi", "--out", data, "--train", 16, "--validation", 4, "--test", 4)
                .ok();
        Tool.run(prune(shared.resolve("one"), data).toArray()).ok();
        expected = contents(shared.resolve("one"));
    }

    private static List<Object> prune(Path out, Object prompts) {
        return new ArrayList<>(List.of(
                "prune",
                "--published",
                "--task",
                "ioi",
                "--data",
                prompts,
                "--out",
                out,
                "--json",
                "--steps",
                6,
                "--batch-size",
                8,
                "--micro-batch",
                40,
                "--workers",
                1,
                "--evaluate-every",
                4,
                "--save-every",
                2));
    }

    /** A command line of bash, in which $RANK is the rank. */
    private ProcessBuilder mpirun(int ranks, String script) {
        return new Mpirun(library, temporary).ranks(ranks, script);
    }

    private static String command(List<Object> arguments) {
        return Mpirun.command(arguments);
    }

    /** The files whose bits are promised, and the steps without what depends on time and ranks. */
    private static Map<String, String> contents(Path run) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (String name : BIT_FOR_BIT) {
            contents.put(name, HexFormat.of().formatHex(Files.readAllBytes(run.resolve(name))));
        }
        contents.put(
                "metrics.jsonl",
                Files.readString(run.resolve("metrics.jsonl"))
                        .replaceAll("\"(ranks|gathered_bytes|gather_seconds)\":[^,]*,", "")
                        .replaceAll("\"seconds\":[^,}]*", ""));
        return contents;
    }

    @Test
    void threeRanksWriteTheBitsOfOneProcess() throws IOException {
        Path out = folder.resolve("three");
        Tool tool = Tool.start(mpirun(3, command(prune(out, data)))).ok();
        assertEquals(expected, contents(out));
        assertEquals(6, tool.json().get("steps").asInt(), "rank 0 alone prints");
        assertTrue(tool.err().contains("3 ranks on host "), tool.err());
        JsonNode step = new ObjectMapper()
                .readTree(Files.readAllLines(out.resolve("metrics.jsonl")).getFirst());
        assertEquals(3, step.get("ranks").asInt());
        int edges = new ObjectMapper()
                .readTree(out.resolve("metrics.json").toFile())
                .get("total_edges")
                .asInt();
        assertTrue(step.get("gathered_bytes").asInt() > 2 * 4 * edges, step.toString());
        assertTrue(step.get("gather_seconds").asDouble() > 0, step.toString());
        new Mpirun(library, temporary).assertNothingIsLeft();
    }

    @Test
    void aKilledRankEndsTheJobAndOneProcessContinuesToTheSameBits() throws Exception {
        Path out = folder.resolve("killed");
        Path err = folder.resolve("err.txt");
        Process job = mpirun(2, command(prune(out, data)))
                .redirectError(err.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Path steps = out.resolve("metrics.jsonl");
        while (job.isAlive()
                && !(Files.exists(steps) && !Files.readAllLines(steps).isEmpty())) {
            Thread.sleep(5);
        }
        rank(job, 1).destroyForcibly();
        assertTrue(job.waitFor(1, TimeUnit.MINUTES), "the job goes on without a rank");
        assertNotEquals(0, job.exitValue());
        assertTrue(Files.notExists(out.resolve("masks.safetensors")), "the run had ended before");
        assertTrue(Files.readString(err).contains("rank 1"), Files.readString(err));
        List<Object> resume = prune(out, data);
        resume.add("--resume");
        Tool.run(resume.toArray()).ok();
        assertEquals(expected, contents(out));
    }

    /** Stopped, it answers no longer, and MPI would wait for it for ever. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aRankThatHangsEndsTheJobUnderItsName(int rank) throws Exception {
        Path out = folder.resolve("stopped");
        Path err = folder.resolve("err.txt");
        List<Object> endless = prune(out, data);
        endless.addAll(List.of("--steps", 100_000));
        ProcessBuilder ranks = mpirun(2, command(endless)).redirectError(err.toFile());
        ranks.environment().put("EDGEPRUNE_MPI_SILENCE", "4");
        Process job = ranks.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        Path steps = out.resolve("metrics.jsonl");
        while (job.isAlive()
                && !(Files.exists(steps) && !Files.readAllLines(steps).isEmpty())) {
            Thread.sleep(5);
        }
        ProcessHandle stopped = rank(job, rank);
        new ProcessBuilder("kill", "-STOP", Long.toString(stopped.pid()))
                .start()
                .waitFor();
        try {
            assertTrue(job.waitFor(1, TimeUnit.MINUTES), "the job waits for a rank that was stopped");
        } finally {
            stopped.destroyForcibly();
            job.destroyForcibly();
        }
        assertNotEquals(0, job.exitValue());
        String said = Files.readString(err);
        assertTrue(
                said.lines()
                        .anyMatch(line -> line.matches(
                                "edgeprune: rank " + rank + " of 2 on host \\S+: hangs: .* for 4 s; .*--resume")),
                said);
    }

    private static ProcessHandle rank(Process job, int rank) {
        return job.descendants()
                .filter(process -> environment(process)
                        .anyMatch(variable ->
                                variable.equals("OMPI_COMM_WORLD_RANK=" + rank) || variable.equals("PMI_RANK=" + rank)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no rank " + rank));
    }

    private static Stream<String> environment(ProcessHandle process) {
        try {
            byte[] all = Files.readAllBytes(Path.of("/proc/" + process.pid() + "/environ"));
            return Stream.of(new String(all, StandardCharsets.UTF_8).split("\0", -1));
        } catch (IOException e) {
            return Stream.empty(); // it has ended
        }
    }

    /** One that every rank meets is told by rank 0, one of rank 1 by rank 1, and no rank waits for another. */
    @Test
    void aRankThatFailsEndsTheJobUnderItsName() throws IOException {
        Tool tool = Tool.start(mpirun(
                2,
                "if [ $RANK = 1 ]; then data=" + folder.resolve("none") + "; else data=" + data + "; fi; "
                        + command(prune(folder.resolve("failed"), "$data"))));
        assertEquals(2, tool.exit(), tool.err());
        List<String> complaints = complaints(tool);
        assertEquals(1, complaints.size(), tool.err());
        assertTrue(
                complaints.getFirst().matches("edgeprune: rank 1 of 2 on host \\S+: .*none.*"), complaints.toString());

        tool = Tool.start(mpirun(2, command(prune(folder.resolve("failed"), data)) + " --micro-batch 4$RANK"));
        assertEquals(2, tool.exit(), tool.err());
        complaints = complaints(tool);
        assertEquals(1, complaints.size(), tool.err());
        assertTrue(
                complaints.getFirst().startsWith("edgeprune: rank 0 of 2 on host ")
                        && complaints.getFirst().contains("micro_batch (41, and 40 on rank 0)"),
                complaints.toString());
    }

    /** MPICH's variables, and the library of an Open MPI: each process would be a job of one rank. */
    @Test
    void anMpiOtherThanTheLaunchersIsRefused() {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().putAll(Mpirun.SETTINGS);
        process.environment().put("EDGEPRUNE_MPI", library.toString());
        process.environment().put("PMI_RANK", "0");
        process.environment().put("PMI_SIZE", "2");
        String refused = Tool.run(process, prune(folder.resolve("other"), data).toArray())
                .refused();
        assertTrue(refused.contains("started 2 processes") && refused.contains("sees 1"), refused);
        assertTrue(Files.notExists(folder.resolve("other")));
    }

    @Test
    void aLibraryOfAnotherVersionIsRefused() throws IOException {
        Path source = Files.writeString(folder.resolve("old.c"), "int epm_version(void) { return 1; }");
        Path old = folder.resolve("old.so");
        Tool.start(new ProcessBuilder("gcc", "-shared", "-fPIC", source.toString(), "-o", old.toString()))
                .ok();
        ProcessBuilder process = new ProcessBuilder();
        process.environment().putAll(Mpirun.SETTINGS);
        process.environment().put("EDGEPRUNE_MPI", old.toString());
        process.environment().put("PMI_RANK", "0");
        process.environment().put("PMI_SIZE", "2");
        String refused = Tool.run(
                        process, prune(folder.resolve("refused"), data).toArray())
                .refused();
        assertTrue(
                refused.contains(old + ": is of another version of edgeprune (1, not 2): build it with build_mpi.sh"),
                refused);
    }

    private static List<String> complaints(Tool tool) {
        return tool.err()
                .lines()
                .filter(line -> line.startsWith("edgeprune: rank "))
                .toList();
    }
}
