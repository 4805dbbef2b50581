package org.edgeprune.draw;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real browser without a window, driven by its command line. */
record Chromium(Path program) {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    static Optional<Chromium> find() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Chromium::new);
    }

    /** The page's DOM as HTML text once its scripts have run. */
    String dom(Path page, Path scratch) throws Exception {
        return run(page, scratch, "--dump-dom");
    }

    /** Paints the page, 1200 x 900 pixels, into a PNG file. */
    void screenshot(Path page, Path scratch, Path png) throws Exception {
        run(page, scratch, "--screenshot=" + png.toAbsolutePath());
    }

    private String run(Path page, Path scratch, String... action) throws IOException, InterruptedException {
        Path out = scratch.resolve("chromium.out");
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--no-first-run",
                "--window-size=1200,900",
                "--user-data-dir=" + scratch.resolve("profile").toAbsolutePath()));
        command.addAll(Arrays.asList(action));
        command.add(page.toUri().toString());
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(scratch.resolve("chromium.err").toFile())
                .start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new IOException(program + " did not finish within a minute");
        }
        return Files.readString(out, StandardCharsets.UTF_8);
    }
}
