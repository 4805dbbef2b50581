package org.edgeprune.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.edgeprune.hub.Hub;
import org.edgeprune.hub.HubSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune download}: a model from the HuggingFace Hub. */
@Command(
        name = "download",
        description = {
            "Download a model from the HuggingFace Hub into the cache that HuggingFace's libraries share.",
            "Only safetensors, configuration and tokenizer files are downloaded; sizes and checksums are verified, and",
            "interrupted downloads are resumed. Afterwards --model REPO needs no network."
        },
        footerHeading =
                "%nVariables:%n  HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, and http_proxy, https_proxy, no_proxy%n%nExamples:%n",
        footer = {
            "  edgeprune download openai-community/gpt2",
            "  edgeprune download gpt2 --revision 607a30d783dfa663caf39e06633721c8d4cfcd7e --json"
        })
final class DownloadCommand implements Callable<Integer> {
    @Parameters(paramLabel = "REPO", description = "Name of the repository, such as openai-community/gpt2.")
    private String repository;

    @Option(
            names = "--revision",
            paramLabel = "R",
            defaultValue = Hub.MAIN,
            description = "Branch, tag or commit (default: ${DEFAULT-VALUE}).")
    private String revision;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        try (DownloadProgress progress = new DownloadProgress()) {
            Hub.Snapshot snapshot = new Hub(HubSettings.fromEnvironment()).download(repository, revision, progress);
            Result result = new Result(
                    repository,
                    revision,
                    snapshot.commit(),
                    snapshot.directory().toString(),
                    snapshot.files(),
                    snapshot.downloaded());
            results.print(result, () -> "%s at %s: %d files, %d of them downloaded now%n%s"
                    .formatted(
                            repository,
                            snapshot.commit(),
                            snapshot.files().size(),
                            snapshot.downloaded(),
                            snapshot.directory()));
        }
        return 0;
    }

    private record Result(
            String repository, String revision, String commit, String directory, List<String> files, int downloaded) {}
}
