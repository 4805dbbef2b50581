package org.edgeprune.torch;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.edgeprune.io.InputException;

/** Loading libtorch in a process of its own, which can be killed, be given another environment, or fail. */
final class JavaProcess {
    /** What a finished process left: its exit code and everything it wrote. */
    record Result(int exitCode, String output) {}

    private JavaProcess() {}

    /** Starts {@link #main}. Variables with an empty value are taken out of the environment. */
    static Process start(Path output, Map<String, String> environment) throws IOException {
        return start(output, environment, List.of());
    }

    /** The same behind a command that ends by running its arguments. */
    static Process start(Path output, Map<String, String> environment, List<String> before) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                JavaProcess.class.getName()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(new File(output.toString()));
        builder.environment().remove("EDGEPRUNE_LIBTORCH");
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        return builder.start();
    }

    static Result finish(Process process, Path output) throws IOException, InterruptedException {
        try {
            if (!process.waitFor(10, TimeUnit.MINUTES)) {
                throw new IllegalStateException("still running after 120 s: " + Files.readString(output));
            }
            return new Result(process.exitValue(), Files.readString(output));
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Loads libtorch and says so, then asks for the device named by the variable TEST_DEVICE, and makes a tensor of
     * TEST_BYTES bytes and says which allocator there is and how much of its memory is in use; bad input gives its
     * message and exit code 2, as the command line does.
     */
    public static void main(String[] arguments) {
        try {
            LibTorch.load();
            System.out.println("loaded");
            LibTorch.require(Device.parse(System.getenv().getOrDefault("TEST_DEVICE", "cpu")));
            String bytes = System.getenv("TEST_BYTES");
            if (bytes != null) {
                try (Tensor tensor = Tensor.ones(Long.parseLong(bytes) / Float.BYTES)) {
                    System.out.println(LibTorch.info().allocator() + ": "
                            + LibTorch.largeMemory().inUse() + " of " + 4 * tensor.elementCount());
                }
            }
        } catch (InputException e) {
            System.out.println(e.getMessage());
            System.exit(2);
        }
    }
}
