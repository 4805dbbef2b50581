package org.edgeprune.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * Model repositories of the HuggingFace Hub, as directories of its cache.
 *
 * <p>Only safetensors weights, configuration and tokenizer files are downloaded. Every file's size and checksum are
 * verified before it appears under its name. An interrupted download resumes where it stopped, and several processes
 * may download the same repository at once.
 *
 * @param settings the Hub's address, the cache and how to use them
 */
public record Hub(HubSettings settings) {
    /** The default revision. */
    public static final String MAIN = "main";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][\\w.-]*(/[A-Za-z0-9][\\w.-]*)?");
    private static final Pattern REVISION = Pattern.compile("[\\w.-]+(/[\\w.-]+)*");

    /** Is told of a download's progress. All methods do nothing by default. */
    public interface Listener {
        /** Ignores everything. */
        Listener NONE = new Listener() {};

        /**
         * The files that belong to the model, before the first is downloaded.
         *
         * @param files paths in the repository
         */
        default void found(List<String> files) {}

        /**
         * More of a file has arrived.
         *
         * @param file its path in the repository
         * @param bytes how many bytes have arrived so far, those of earlier attempts included
         * @param size the size of the file in bytes
         */
        default void arrived(String file, long bytes, long size) {}

        /**
         * A request failed and will be repeated after a wait.
         *
         * @param what the file or revision asked for
         * @param wait the wait, before random jitter
         * @param reason why the request failed
         */
        default void waiting(String what, Duration wait, String reason) {}
    }

    /**
     * A model in the cache.
     *
     * @param repository its name
     * @param revision the branch, tag or commit that was asked for
     * @param commit the commit that the revision stood for, 40 hexadecimal digits
     * @param directory the directory with the files
     * @param files their paths in the repository
     * @param downloaded how many of them were not in the cache before
     */
    public record Snapshot(
            String repository, String revision, String commit, Path directory, List<String> files, int downloaded) {}

    /**
     * Whether a text has the form of a repository's name.
     *
     * @param text such as {@code gpt2} or {@code openai-community/gpt2}
     * @return whether it could name a repository; the Hub is not asked
     */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches() && !text.contains("..") && !text.contains("--");
    }

    /**
     * A model that is complete in the cache, without asking the Hub.
     *
     * @param repository a name like {@code openai-community/gpt2}
     * @param revision a branch, tag or commit
     * @return the model; empty if a file is missing
     * @throws InputException if the name or revision is malformed
     */
    public Optional<Snapshot> cached(String repository, String revision) {
        HubCache cache = cache(repository, revision);
        return cache.commit(revision)
                .filter(commit -> ModelFiles.complete(cache.files(commit), cache.snapshot(commit)))
                .map(commit -> new Snapshot(
                        repository,
                        revision,
                        commit,
                        cache.snapshot(commit),
                        ModelFiles.inCache(cache.files(commit), cache.snapshot(commit)),
                        0));
    }

    /**
     * Asks the Hub which commit a revision is and downloads the files of it that are not in the cache. With
     * {@code HF_HUB_OFFLINE} set, the model must be complete in the cache.
     *
     * @param repository a name like {@code openai-community/gpt2}
     * @param revision a branch, tag or commit
     * @param listener told of the progress
     * @return the model in the cache
     * @throws InputException if the repository or revision does not exist, may not be read, has no safetensors weights,
     *     cannot be reached or cannot be stored
     */
    public Snapshot download(String repository, String revision, Listener listener) {
        HubCache cache = cache(repository, revision);
        if (settings.offline()) {
            return cached(repository, revision)
                    .orElseThrow(
                            () -> new InputException(repository + ": revision '" + revision + "' is not complete in "
                                    + settings.cache() + ", and HF_HUB_OFFLINE forbids downloading it: unset it"));
        }
        try (HubClient client = new HubClient(settings, repository, listener)) {
            HubClient.Revision found = client.revision(revision);
            List<String> wanted = ModelFiles.wanted(found.files());
            if (!ModelFiles.hasWeights(wanted) || !wanted.contains("config.json")) {
                throw new InputException(repository + ": revision '" + revision + "' has no "
                        + (wanted.contains("config.json") ? "model.safetensors, nor all of its shards" : "config.json")
                        + (ModelFiles.pickled(found.files()).isEmpty()
                                ? ": choose a repository or revision with safetensors weights of a transformer"
                                : ", only pickles: download and convert them: edgeprune convert " + repository
                                        + (revision.equals(MAIN) ? "" : "@" + revision) + " -o DIR"));
            }
            return fetch(client, cache, revision, found, withShards(client, cache, found, wanted, listener), listener);
        }
    }

    /** Adds the shards that the index names, which is downloaded first. */
    private List<String> withShards(
            HubClient client, HubCache cache, HubClient.Revision found, List<String> wanted, Listener listener) {
        if (!wanted.contains(ModelFiles.INDEX)) {
            return wanted;
        }
        if (!cache.files(found.commit()).contains(ModelFiles.INDEX)) {
            get(client, cache, client.describe(ModelFiles.INDEX, found.commit()), listener);
        }
        Set<String> shards = ModelFiles.shards(cache.snapshot(found.commit()));
        for (String shard : shards) {
            if (!found.files().contains(shard)) {
                throw new InputException(
                        client.repository() + ": has no file " + Complaint.quote(shard) + ", which its "
                                + ModelFiles.INDEX + " names: choose a repository or revision that is complete");
            }
        }
        return Stream.concat(wanted.stream(), shards.stream())
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * Downloads a model whose weights are pickled by PyTorch. Only {@code edgeprune convert} reads such weights.
     *
     * @param repository a name like {@code openai-community/gpt2}
     * @param revision a branch, tag or commit
     * @param listener told of the progress
     * @return the model in the cache
     * @throws InputException as {@link #download}, and if the repository has no pickled weights or also has safetensors
     */
    public Snapshot downloadPickles(String repository, String revision, Listener listener) {
        HubCache cache = cache(repository, revision);
        if (settings.offline()) {
            throw new InputException(
                    repository + ": HF_HUB_OFFLINE forbids downloading it: unset it, or name a directory");
        }
        try (HubClient client = new HubClient(settings, repository, listener)) {
            HubClient.Revision found = client.revision(revision);
            List<String> wanted = ModelFiles.pickled(found.files());
            if (ModelFiles.hasWeights(ModelFiles.wanted(found.files()))) {
                throw new InputException(
                        repository + ": has safetensors, so there is nothing to convert: use it by name");
            }
            if (!wanted.contains("config.json")) {
                throw new InputException(repository + ": revision '" + revision
                        + "' has no pytorch_model.bin with a config.json: choose another repository, or download the"
                        + " file to convert and name it");
            }
            return fetch(client, cache, revision, found, wanted, listener);
        }
    }

    private Snapshot fetch(
            HubClient client,
            HubCache cache,
            String revision,
            HubClient.Revision found,
            List<String> wanted,
            Listener listener) {
        listener.found(wanted);
        List<String> missing = new ArrayList<>(wanted);
        missing.removeAll(cache.files(found.commit()));
        missing.forEach(name -> get(client, cache, client.describe(name, found.commit()), listener));
        cache.remember(revision, found.commit());
        return new Snapshot(
                client.repository(), revision, found.commit(), cache.snapshot(found.commit()), wanted, missing.size());
    }

    private void get(HubClient client, HubCache cache, HubFile file, Listener listener) {
        try (HubCache.Lock _ = cache.lock(file)) {
            if (!Files.exists(cache.blob(file))) {
                new BlobDownload(client, settings.patience(), cache, file, listener).run();
            }
        }
        cache.link(file);
    }

    private HubCache cache(String repository, String revision) {
        if (!isName(repository)) {
            throw new InputException(
                    "'" + repository + "' is not the name of a Hub repository, such as openai-community/gpt2");
        }
        if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
            throw new InputException("'" + revision + "' is not a revision: name a branch, a tag or a commit");
        }
        return HubCache.of(settings.cache(), repository);
    }
}
