package org.edgeprune.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The notebook runs from its first to its last cell, and jshell starts with the start-up file. */
class NotebookTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final Path NOTEBOOK = ROOT.resolve("src/site/notebooks/run.ipynb");

    @TempDir
    private Path folder;

    @Test
    void theNotebookHasNoOutputsAndRunsWhereJupyterIs() throws Exception {
        JsonNode notebook = new ObjectMapper().readTree(NOTEBOOK.toFile());
        for (JsonNode cell : notebook.get("cells")) {
            assertEquals(0, cell.path("outputs").size(), "outputs do not belong into the repository");
        }
        String python = System.getenv().getOrDefault("EDGEPRUNE_PYTHON", "python3");
        assumeTrue(
                ended(List.of(python, "-c", "import nbconvert, ipykernel, pandas, matplotlib, safetensors"), Map.of())
                        .equals("0"),
                "no Jupyter with pandas, matplotlib and safetensors in " + python
                        + " (EDGEPRUNE_PYTHON names another): the notebook is not run");
        Path out = folder.resolve("run.ipynb");
        assertEquals(
                "0",
                ended(
                        List.of(
                                python,
                                "-m",
                                "nbconvert",
                                "--to",
                                "notebook",
                                "--execute",
                                "--output",
                                out.toString(),
                                NOTEBOOK.toString()),
                        Map.of(
                                "EDGEPRUNE",
                                        ROOT.resolve("run_scripts/edgeprune").toString(),
                                "EDGEPRUNE_STEPS", "8",
                                "EDGEPRUNE_RUN", folder.toString())));
        assertTrue(Files.readString(out).contains("image/png"), "the curves are drawn");
    }

    @Test
    void jshellOpensAModelAndACircuitInThreeLines() throws Exception {
        Path lines = Files.writeString(
                folder.resolve("lines.jsh"),
                "var model = model(\"mini-gpt2\");\nSystem.out.println(model.model().graphShape().layers());\n/exit\n");
        Path jshell = Path.of(System.getProperty("java.home"), "bin", "jshell");
        assumeTrue(Files.isExecutable(jshell), "no jshell in this Java");
        String classes = ROOT.resolve("target/classes") + ":"
                + Files.readString(ROOT.resolve("target/classpath.txt")).strip();
        List<String> command = new ArrayList<>(List.of(jshell.toString(), "--class-path", classes));
        command.add("-R--enable-native-access=ALL-UNNAMED");
        command.add(ROOT.resolve("run_scripts/edgeprune.jsh").toString());
        command.add(lines.toString());
        assertEquals("0", ended(command, Map.of()));
        assertEquals(
                "6",
                Files.readString(folder.resolve("output"))
                        .strip()
                        .lines()
                        .reduce((a, b) -> b)
                        .orElse(""));
    }

    /** Runs a command with its output in a file. @return the exit code, with the output where it is not 0 */
    private String ended(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        builder.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return "not there: " + command.getFirst();
        }
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return command + " did not end";
        }
        String said = Files.readString(output).lines().collect(Collectors.joining("\n"));
        return process.exitValue() == 0 ? "0" : process.exitValue() + ": " + said;
    }
}
