"""What other libraries take to find passages for a question, each as its own documentation begins, with its defaults.

Run by ``allchat bench --peers`` in a process for each; ``make peers`` installs them. Told on standard input: the side,
the sources' texts, the folder of the embedding model, questions. Prints the milliseconds of each question.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Find = Callable[[str], object]


def allchat(told: dict[str, Any]) -> Find:
    """A whole answer: screened, searched, composed, every quote verified."""
    from allchat import Chat

    return Chat.open(told["index"], corpus=told["corpus"]).ask


def langchain(told: dict[str, Any]) -> Find:
    """LangChain with FAISS: pieces of 1,000 characters, overlapping by 200; four of them."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    pieces = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).create_documents(told["texts"])
    return FAISS.from_documents(pieces, HuggingFaceEmbeddings(model_name=told["model"])).similarity_search


def llama_index(told: dict[str, Any]) -> Find:
    """LlamaIndex: pieces of 1,024 tokens, overlapping by 200; two of them."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    embedder = HuggingFaceEmbedding(model_name=told["model"])
    documents = [Document(text=text) for text in told["texts"]]
    return VectorStoreIndex.from_documents(documents, embed_model=embedder).as_retriever().retrieve


def haystack(told: dict[str, Any]) -> Find:
    """Haystack: pieces of 200 words; ten of them."""
    from haystack import Document, Pipeline
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    splitter, store = DocumentSplitter(), InMemoryDocumentStore()
    pieces = splitter.run([Document(content=text) for text in told["texts"]])["documents"]
    embedder = SentenceTransformersDocumentEmbedder(model=told["model"], progress_bar=False)
    embedder.warm_up()
    store.write_documents(embedder.run(pieces)["documents"])
    pipeline = Pipeline()
    pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=told["model"], progress_bar=False))
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(store))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    return lambda question: pipeline.run({"embedder": {"text": question}})


def txtai(told: dict[str, Any]) -> Find:
    """txtai: paragraphs; three of them."""
    from txtai import Embeddings

    embeddings = Embeddings(path=told["model"], content=True)
    embeddings.index([part for text in told["texts"] for part in text.split("\n\n") if part.strip()])
    return embeddings.search


def sentence_transformers(told: dict[str, Any]) -> Find:
    """Nothing but the question's vector, by sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(told["model"], device="cpu").encode


def main() -> None:
    """Milliseconds of each question after the first ``warm``, which are asked to be warm."""
    told = json.load(sys.stdin)
    find = globals()[told["side"]](told)
    for question in told["questions"][: told["warm"]]:
        find(question)
    times = []
    for question in told["questions"][told["warm"] :]:
        begun = time.perf_counter()
        find(question)
        times.append(1000 * (time.perf_counter() - begun))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
